package post

import (
	"context"
	"regexp"
	"strings"

	"huiwen/bot"
)

var (
	numberForm  = regexp.MustCompile(`^[0-9]{2}(-[0-9A-Z]{4}){4}$`)
	numberAsked = regexp.MustCompile(`^(?:请|帮我)?(?:查询|查看|查一下|看一下|打开|查|看)?(?:我的|答复|答案|的)*(?:编号)?(?:是|为)?[:：]*`)
	// the letters that the digits of a number leave out because they look like one,
	// and the dashes people type
	lookalikes = strings.NewReplacer("O", "0", "I", "1", "L", "1", "－", "-", "—", "-", "–", "-", "‐", "-", "−", "-")
)

// ReadNumber reads an answer number that a text consists of, as people read it
// out and type it: spaces, small letters, no dashes, 编号 before it.
func ReadNumber(text string) (string, bool) {
	s := numberAsked.ReplaceAllString(strings.Join(strings.Fields(text), ""), "")
	s = lookalikes.Replace(strings.ToUpper(s))
	if !strings.Contains(s, "-") && len(s) == 18 {
		s = s[:2] + "-" + s[2:6] + "-" + s[6:10] + "-" + s[10:14] + "-" + s[14:]
	}
	return s, numberForm.MatchString(s)
}

// Opened finds the answer of a number for whoever sends a message, from what was
// answered first when it was opened before; mine tells that it was given to the
// same person in the same conversation.
func (b *Box) Opened(ctx context.Context, number string, m bot.Message) (a Answer, mine, ok bool, err error) {
	if a, ok, err = b.ByNumber(ctx, number); err == nil && ok && a.Reply.Again != "" {
		a, ok, err = b.ByNumber(ctx, a.Reply.Again)
	}
	mine = ok && a.Conversation == conversationOf(m) && a.Speaker == speakerOf(m)
	return a, mine, ok, err
}
