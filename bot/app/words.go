package app

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"huiwen/handlers"
	"huiwen/knowledge"
)

// wordKinds are the commands that add words and questions to a draft, as the
// pages do, or drop them.
func wordKinds(drop bool) []command {
	kinds := []command{
		{name: "similar", args: "第几项 问法", about: "类似问法"},
		{name: "negative", args: "第几项 问法", about: "反例：听着像这一项，其实不是"},
		{name: "word", args: "概念 说法", about: "大家的说法"},
		{name: "topic", args: "话题 问法", about: "归到计划外的话题"},
		{name: "faq", args: "问题 答复 --source 依据", about: "常见问答"},
	}
	for i, k := range kinds {
		least := 2
		if drop && k.name == "faq" {
			least, kinds[i].args = 1, "问题"
		}
		kinds[i].args += " [--draft 草稿]"
		kinds[i].run = func(ctx context.Context, c *call) error { return changeWords(ctx, c, k.name, least, drop) }
	}
	return kinds
}

// changeWords adds to a draft or drops from it.
func changeWords(ctx context.Context, c *call, kind string, least int, drop bool) error {
	var by actFlags
	var draft, source string
	rest, err := c.parse(least, 2, func(fs *flag.FlagSet) {
		by.define(fs)
		fs.StringVar(&draft, "draft", "", "")
		fs.StringVar(&source, "source", "", "")
	})
	if err != nil {
		return err
	}
	d, err := c.openDesk(ctx, by, mayEdit...)
	if err != nil {
		return err
	}
	defer d.Close()
	day := c.Now().In(handlers.Zone).Format(time.DateOnly)
	verb := "加"
	if drop {
		verb = "去掉"
	}
	made, err := d.change(ctx, draft, verb+" "+kind+" "+strings.Join(rest, " "), wordChange(kind, rest, drop, source, day))
	if err != nil {
		return err
	}
	fmt.Fprintf(c.Stdout, "已记入草稿 %s（%s）。看影响：plan replay %s\n", made.ID, made.Hash, made.ID)
	return nil
}

// wordChange is what a command changes of the edition.
func wordChange(kind string, args []string, drop bool, source, day string) func(knowledge.Edition) (knowledge.Edition, error) {
	at, text := args[0], args[len(args)-1]
	negative := kind == "negative"
	return func(e knowledge.Edition) (knowledge.Edition, error) {
		switch {
		case (kind == "similar" || negative) && drop:
			return e.WithoutQuestion(at, text, negative)
		case kind == "similar" || negative:
			quote, err := e.QuoteOf(at)
			if err != nil {
				return nil, err
			}
			return e.WithQuestion(at, quote, text, negative)
		case kind == "word" && drop:
			return e.WithoutWord(at, text)
		case kind == "word":
			return e.WithWord(at, text)
		case kind == "topic" && drop:
			return e.WithoutTopicQuestion(at, text)
		case kind == "topic":
			return e.WithTopicQuestion(at, text)
		case drop:
			return e.WithoutEntry(at)
		}
		return e.WithEntry(knowledge.Entry{Questions: []string{at}, Answer: text, Source: source}, day)
	}
}
