package admin

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"huiwen/bot"
	"huiwen/knowledge/pause"
	"huiwen/knowledge/store"
)

type channelsView struct {
	Channels []channelRow
	People   []contact
	May      bool
}

type channelRow struct {
	Key, Name string
	Senders   []string // what is configured of it
	Pause     *pause.Pause
}

// A contact is a person that a trial can be sent to.
type contact struct{ Key, Name string }

// channelsPage shows the channels with their switches.
func channelsPage(v *visit) error {
	list, err := store.View(v.ctx(), v.Store, pause.Scope, pause.List)
	if err != nil {
		return err
	}
	view := channelsView{May: v.who.Has(steering...)}
	for _, c := range pause.Channels {
		row := channelRow{Key: c, Name: name(channelNames, c)}
		if c == pause.All {
			row.Name = "全部渠道"
		}
		for s := range maps.Keys(v.Senders) {
			if kind, _, _ := strings.Cut(s, "/"); kind == c {
				row.Senders = append(row.Senders, s)
			}
		}
		slices.Sort(row.Senders)
		for _, p := range list {
			if p.Channel == c {
				row.Pause = &p
			}
		}
		view.Channels = append(view.Channels, row)
	}
	if view.People, err = v.contacts(); err != nil {
		return err
	}
	return v.page("channels", "渠道", view)
}

// contacts lists who can be written to.
func (v *visit) contacts() ([]contact, error) {
	if v.Directory == nil {
		return nil, nil
	}
	d, err := v.Directory(v.ctx())
	if err != nil {
		return nil, err
	}
	var out []contact
	for _, p := range d.People {
		for _, a := range p.Accounts {
			if _, ok := v.Senders[a.Channel]; ok && p.Gone == "" {
				out = append(out, contact{a.Channel + "\n" + a.User, p.Bureau + " " + p.Name + "（" + a.Channel + "）"})
			}
		}
	}
	return out, nil
}

// pauseChannel keeps a channel from answering.
func pauseChannel(v *visit) error {
	err := v.Store.Update(v.ctx(), pause.Scope, func(tx store.Tx) error {
		return pause.Begin(tx, v.field("channel"), v.field("reason"), v.who.Name)
	})
	if err != nil {
		return v.failed("/admin/channels", err)
	}
	return v.done("/admin/channels", "已暂停，来问的人会看到您写的理由。")
}

// resumeChannel lets it answer again.
func resumeChannel(v *visit) error {
	err := v.Store.Update(v.ctx(), pause.Scope, func(tx store.Tx) error { return pause.End(tx, v.field("channel"), v.who.Name) })
	if err != nil {
		return v.failed("/admin/channels", err)
	}
	return v.done("/admin/channels", "已恢复自动答复。")
}

// MaxTrialRunes bounds the words of a trial message.
const MaxTrialRunes = 200

// sendTrial sends a contact of the directory one message, to see that it arrives.
func sendTrial(v *visit) error {
	channel, user, _ := strings.Cut(v.r.PostFormValue("to"), "\n")
	channel, user = strings.TrimSpace(channel), strings.TrimSpace(user)
	d, err := v.Directory(v.ctx())
	if err != nil {
		return err
	}
	sender, ok := v.Senders[channel]
	who, known := d.Who(channel, user, v.Now())
	if !ok || !known {
		return v.failed("/admin/channels", bad("请从通讯录里选一个能送达的人。"))
	}
	text := v.field("text")
	if text == "" || len([]rune(text)) > MaxTrialRunes {
		return v.failed("/admin/channels", bad("请写一句话，最多 %d 个字。", MaxTrialRunes))
	}
	said, sendErr := SendTrial(v.ctx(), sender, bot.Address{Channel: channel, Conversation: user}, who.Name, text)
	if err := v.note("channel.trial", channel+" "+who.Name, ""); err != nil {
		return err
	}
	if sendErr != nil {
		return v.failed("/admin/channels", bad("%s", sendErr.Error()))
	}
	return v.done("/admin/channels", said)
}

// SendTrial sends one message as a trial and says how it went; the error's words
// are for people.
func SendTrial(ctx context.Context, sender bot.Sender, to bot.Address, name, text string) (string, error) {
	text = "【试发】" + text
	out := sender.Send(ctx, to, "trial-"+rand.Text(), bot.Rendered{Status: bot.Done, Text: text, Citations: []string{}, Choices: []string{}, Lines: []bot.Line{{{Kind: bot.Recorded, Text: text, Ref: "trial"}}}})
	switch {
	case out.Sent:
		return "平台已收下给" + name + "的试发消息，请他看看收到没有。", nil
	case out.Uncertain:
		return "", fmt.Errorf("平台没有回话，不知道发出去没有，请问一下%s。", name)
	case out.Wait > 0:
		return "", fmt.Errorf("平台要求等 %s 再发。", out.Wait.Round(time.Second))
	}
	return "", fmt.Errorf("没有发出：%s", out.Reason)
}
