package dingtalk

import (
	"strconv"
	"strings"

	"huiwen/bot"
	"huiwen/bot/cut"
)

// What has a meaning in the platform's markdown is written full width: its
// clients do not agree on backslashes. Brackets of a quote stay, for without
// square ones they make no link; in a person's own words they go too.
var (
	neutral = strings.NewReplacer("[", "［", "]", "］", "<", "＜", ">", "＞", "@", "＠", "#", "＃", "*", "＊", "`", "｀", "~~", "～～", "__", "＿＿", "\r", "", "\u2028", " ", "\u202e", "")
	foreign = strings.NewReplacer("(", "（", ")", "）", "_", "＿", "://", "：//")
)

// plain keeps a text from becoming a link, a mention or markup.
func plain(s string) string { return neutral.Replace(s) }

// markdown is a reply in the platform's markdown, without its number.
func markdown(r bot.Rendered) string {
	var b strings.Builder
	line := func(s string) {
		for part := range strings.SplitSeq(s, "\n") {
			if part = strings.Trim(part, " \t　"); part == "" {
				continue
			}
			if b.Len() > 0 {
				b.WriteString("  \n") // a line break needs two spaces before it
			}
			b.WriteString(part)
		}
	}
	if len(r.Lines) == 0 {
		line(plain(r.Text))
		return b.String()
	}
	for _, l := range r.Lines {
		var text strings.Builder
		for _, p := range l {
			s := plain(p.Text)
			if p.Kind == bot.Echoed {
				s = foreign.Replace(s)
			}
			text.WriteString(s)
		}
		line(text.String())
	}
	line(plain(r.Source))
	for i, c := range r.Choices {
		line(strconv.Itoa(i+1) + ". " + plain(c))
	}
	return b.String()
}

// title is what a message shows as in the list of chats.
func title(r bot.Rendered) string {
	if r.Title != "" {
		return cut.Runes(plain(r.Title), 40)
	}
	first, _, _ := strings.Cut(strings.TrimSpace(r.Text), "\n")
	if first == "" {
		return "惠问"
	}
	return cut.Runes(foreign.Replace(plain(first)), 20)
}
