package app

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"

	"huiwen/knowledge/store"
)

// backup writes everything the service remembers into one encrypted file (age,
// passphrase) that only its owner may read. It works beside a running service.
func backup(ctx context.Context, c *call) (err error) {
	rest, err := c.flags("backup", func(*flag.FlagSet) {})
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return usagef("backup 要写一个文件名")
	}
	if c.config.Backup.Passphrase == "" {
		return usagef("备份要加密：请设 backup.passphrase，或用环境变量 HUIWEN_BACKUP_PASSPHRASE_FILE 指向放口令的文件")
	}
	s, err := openStore(ctx, c.config)
	if err != nil {
		return err
	}
	defer s.Close()
	temp, err := os.CreateTemp(filepath.Dir(rest[0]), ".backup-*") // mode 0600
	if err != nil {
		return fmt.Errorf("make the backup: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, temp.Close(), os.Remove(temp.Name()))
		}
	}()
	if err := writeBackup(ctx, s, temp, string(c.config.Backup.Passphrase), c.work); err != nil {
		return err
	}
	if err := errors.Join(temp.Sync(), temp.Close(), os.Rename(temp.Name(), rest[0])); err != nil {
		return fmt.Errorf("finish the backup: %w", err)
	}
	fmt.Fprintf(c.Stdout, "已备份到 %s\n", rest[0])
	return nil
}

func writeBackup(ctx context.Context, s store.Store, w io.Writer, passphrase string, work int) error {
	to, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return fmt.Errorf("encrypt the backup: %w", err)
	}
	if work > 0 {
		to.SetWorkFactor(work)
	}
	enc, err := age.Encrypt(w, to)
	if err != nil {
		return fmt.Errorf("encrypt the backup: %w", err)
	}
	return errors.Join(s.Dump(ctx, enc), enc.Close())
}

// restore reads a backup into an empty store: first into a scratch one, to see
// that it is whole, then into the real one. Leases and replies on their way are
// left out: a restored service sends nothing old.
func restore(ctx context.Context, c *call) error {
	rest, err := c.flags("restore", func(*flag.FlagSet) {})
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return usagef("restore 要写一个备份文件名")
	}
	scratch, err := os.MkdirTemp("", "huiwen-restore-")
	if err != nil {
		return fmt.Errorf("make a scratch folder: %w", err)
	}
	defer os.RemoveAll(scratch)
	trial, err := store.OpenFile(ctx, scratch, nil)
	if err != nil {
		return err
	}
	defer trial.Close()
	if err := readBackup(ctx, trial, rest[0], string(c.config.Backup.Passphrase)); err != nil {
		return err
	}
	if err := trial.Check(ctx); err != nil {
		return err
	}
	e, err := c.service(ctx, trial)
	if err != nil {
		return err
	}
	for _, q := range suggestions { // what the restored service must be able to answer
		if _, err := e.ask(ctx, question{Turns: []string{q}}, c.Now()); err != nil {
			return fmt.Errorf("恢复后答不了问题：%w", err)
		}
	}
	s, err := openStore(ctx, c.config)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := readBackup(ctx, s, rest[0], string(c.config.Backup.Passphrase)); err != nil {
		return err
	}
	fmt.Fprintf(c.Stdout, "已从 %s 恢复；没有发出的旧消息不会再发\n", rest[0])
	return nil
}

func readBackup(ctx context.Context, s store.Store, name, passphrase string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("打不开备份：%w", err)
	}
	defer f.Close()
	key, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return usagef("解密备份要口令：请设 backup.passphrase")
	}
	plain, err := age.Decrypt(bufio.NewReader(f), key)
	if err != nil {
		return fmt.Errorf("%s：口令不对，或不是备份文件：%w", name, err)
	}
	kept, feed := io.Pipe()
	go func() { feed.CloseWithError(withoutTransit(plain, feed)) }()
	defer kept.Close()
	return s.Load(ctx, kept)
}

// withoutTransit copies a dump but for leases and replies on their way.
func withoutTransit(from io.Reader, to io.Writer) error {
	d, enc := json.NewDecoder(from), json.NewEncoder(to)
	for {
		var line json.RawMessage
		if err := d.Decode(&line); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("the backup is cut short: %w", err)
		}
		var e store.Entry
		if json.Unmarshal(line, &e) == nil && (strings.HasPrefix(e.Key, "lease/") || strings.HasPrefix(e.Key, "out/") || e.Set == "send" || e.Scope == "sys" && e.Key == "schema") {
			continue
		}
		if err := enc.Encode(line); err != nil {
			return err
		}
	}
}
