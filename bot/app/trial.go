package app

import (
	"context"
	"errors"
	"fmt"

	"huiwen/bot"
	"huiwen/handlers/admin"
	"huiwen/knowledge/account"
	"huiwen/knowledge/audit"
	"huiwen/knowledge/store"
	"huiwen/knowledge/versions"
)

// channelTrial sends a contact of the directory one message, to see that it arrives.
func channelTrial(ctx context.Context, c *call) error {
	var f actFlags
	rest, err := c.parse(3, 3, f.define)
	if err != nil {
		return err
	}
	channel, user, text := rest[0], rest[1], rest[2]
	if n := len([]rune(text)); n == 0 || n > admin.MaxTrialRunes {
		return usagef("请写一句话，最多 %d 个字", admin.MaxTrialRunes)
	}
	return c.acting(ctx, f, mayKeep, func(s store.Store, act versions.Act) error {
		d, err := readDirectory(ctx, s)
		if err != nil {
			return err
		}
		platforms, err := newChannels(c, s)
		if err != nil {
			return err
		}
		sender, ok := platforms.senders[channel]
		who, known := d.Who(channel, user, c.Now())
		if !ok || !known {
			return fmt.Errorf("通讯录里没有 %s 上的 %s，或者这个渠道没有配置；渠道写法见 directory show", channel, user)
		}
		said, sendErr := admin.SendTrial(ctx, sender, bot.Address{Channel: channel, Conversation: user}, who.Name, text)
		err = s.Update(ctx, account.Scope, func(tx store.Tx) error {
			return audit.Note(tx, audit.Entry{Who: act.Who, Act: "channel.trial", Subject: channel + " " + who.Name})
		})
		if err != nil || sendErr != nil {
			return errors.Join(err, sendErr)
		}
		fmt.Fprintln(c.Stdout, said)
		return nil
	})
}
