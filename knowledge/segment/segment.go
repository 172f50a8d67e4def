// Package segment turns text into the units that matching works on: normalised
// characters, words, syllables.
package segment
