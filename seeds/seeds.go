// Package seeds carries what the product ships with: the published plan, the
// words people use, similar questions, the directory of bureaus.
package seeds

import "embed"

// Files holds the seed data, each file at its path below this folder. What the
// formats mean stands at the head of each file; package knowledge parses them.
//
//go:embed plan *.yaml *.jsonl questions programmes
var Files embed.FS
