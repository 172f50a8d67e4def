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

// wordsUse is how the words command is used.
const wordsUse = `words 的用法（都加 --draft 草稿、--as 姓名、--why 理由）：
  words similar MEASURE 问法        加一句类似问法
  words negative MEASURE 问法       加一句反例：听着像这一项，其实不是
  words word CONCEPT 说法           加一个大家的说法
  words topic TOPIC 问法            归到计划外的话题
  words faq --source 依据 问题 答复 写一条常见问答
前面加 drop 就是去掉，如 words drop similar 39 问法`

// wordsCommand adds words and questions to a draft, as the pages do.
func wordsCommand(ctx context.Context, c *call) error {
	var by actFlags
	var draft, source string
	rest, err := c.flags("words", func(fs *flag.FlagSet) {
		by.define(fs)
		fs.StringVar(&draft, "draft", "", "")
		fs.StringVar(&source, "source", "", "")
	})
	if err != nil {
		return err
	}
	drop := len(rest) > 0 && rest[0] == "drop"
	if drop {
		rest = rest[1:]
	}
	if len(rest) != 3 && !(drop && len(rest) == 2 && rest[0] == "faq") {
		return usagef("%s", wordsUse)
	}
	d, err := c.openDesk(ctx, by, mayEdit...)
	if err != nil {
		return err
	}
	defer d.Close()
	day := c.Now().In(handlers.Zone).Format(time.DateOnly)
	change := wordChange(rest, drop, source, day)
	if draft == "" {
		if all, err := d.Drafts(ctx); err != nil {
			return err
		} else if len(all) > 0 {
			draft = all[0].ID
		}
	}
	verb := "加"
	if drop {
		verb = "去掉"
	}
	made, err := d.Change(ctx, draft, verb+" "+strings.Join(rest, " "), d.act, change)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.Stdout, "已记入草稿 %s（%s）。看影响：plan replay %s\n", made.ID, made.Hash, made.ID)
	return nil
}

// wordChange is what a command changes of the edition.
func wordChange(args []string, drop bool, source, day string) func(knowledge.Edition) (knowledge.Edition, error) {
	kind, at, text := args[0], args[1], args[len(args)-1]
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
		case kind == "faq" && drop:
			return e.WithoutEntry(at)
		case kind == "faq":
			return e.WithEntry(knowledge.Entry{Questions: []string{at}, Answer: text, Source: source}, day)
		}
		return nil, usagef("%s", wordsUse)
	}
}
