package post

import (
	"errors"

	"huiwen/bot"
	"huiwen/knowledge/store"
)

// sayMasked is told once to a person who typed a personal number.
const sayMasked = "您发的内容里有身份证号、手机号或银行卡号，已经隐去，没有保存。以后请不要发这些号码。"

// tell puts the sentence before an answer when the speaker has not read it yet.
func tell(tx store.Tx, a *Answer) error {
	key := toldKey(a.Speaker)
	if _, told, err := tx.Get(key); err != nil || told {
		return err
	}
	a.Reply.Before(bot.Say(sayMasked))
	return errors.Join(tx.Put(key, nil, toldTime), own(tx, a.Speaker, key, a.At))
}
