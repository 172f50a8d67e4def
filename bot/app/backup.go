package app

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"

	"huiwen/bot"
	"huiwen/bot/post"
	"huiwen/handlers"
	"huiwen/knowledge/store"
	"huiwen/scheduler"
)

// probeKey, in the scope sys of a backup, holds what a restored service is asked
// before it counts.
const probeKey = "backup/probe"

// A probe is a few questions with their answers when the backup was made.
type probe struct {
	Program string   `json:"program"`
	Version string   `json:"version"` // of the published state
	Answers []probed `json:"answers"`
}

type probed struct {
	Question string     `json:"question"`
	Status   bot.Status `json:"status"`
	Text     string     `json:"text"` // hashed
}

// backup writes everything the service remembers into one encrypted file (age,
// passphrase) that only its owner may read. It works beside a running service.
func backup(ctx context.Context, c *call) (err error) {
	rest, err := c.parse(1, 1, nil)
	if err != nil {
		return err
	}
	if c.config.Backup.Passphrase == "" {
		return usagef("备份要加密：请设 backup.passphrase，或用环境变量 HUIWEN_BACKUP_PASSPHRASE_FILE 指向放口令的文件")
	}
	e, err := c.engine(ctx)
	if err != nil {
		return err
	}
	s, err := openStore(ctx, c.config)
	if err != nil {
		return err
	}
	defer s.Close()
	asked, err := e.probe(ctx, c)
	if err != nil {
		return fmt.Errorf("备份前先提问，没有答出来：%w", err)
	}
	temp, err := os.CreateTemp(filepath.Dir(rest[0]), ".backup-*") // mode 0600
	if err != nil {
		return fmt.Errorf("make the backup: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, temp.Close(), os.Remove(temp.Name()))
		}
	}()
	if err := writeBackup(ctx, s, temp, asked, c); err != nil {
		return err
	}
	if err := errors.Join(temp.Sync(), temp.Close(), os.Rename(temp.Name(), rest[0]), syncFolder(filepath.Dir(rest[0]))); err != nil {
		return fmt.Errorf("finish the backup: %w", err)
	}
	fmt.Fprintf(c.Stdout, "已备份到 %s\n", rest[0])
	sayAuditKey(c, "审计密钥（数据目录里的 audit.key）不在备份里，请另外保管。")
	return nil
}

// syncFolder makes a new name in a folder last.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// probe asks the questions of the page.
func (e *engine) probe(ctx context.Context, c *call) (probe, error) {
	p := probe{Program: buildVersion(), Version: e.snapshot().Version}
	for _, q := range suggestions {
		a, err := e.ask(ctx, question{Turns: []string{q}}, c.Now())
		if err != nil {
			return p, err
		}
		if a.Status == bot.Failed {
			return p, fmt.Errorf("%q: %s", q, a.Text)
		}
		sum := sha256.Sum256([]byte(a.Text))
		p.Answers = append(p.Answers, probed{q, a.Status, hex.EncodeToString(sum[:])})
	}
	return p, nil
}

func writeBackup(ctx context.Context, s store.Store, w io.Writer, asked probe, c *call) error {
	to, err := age.NewScryptRecipient(string(c.config.Backup.Passphrase))
	if err != nil {
		return fmt.Errorf("encrypt the backup: %w", err)
	}
	if c.work > 0 {
		to.SetWorkFactor(c.work)
	}
	enc, err := age.Encrypt(w, to)
	if err != nil {
		return fmt.Errorf("encrypt the backup: %w", err)
	}
	data, err := json.Marshal(asked)
	if err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	// the questions stand before the dump, on a line of their own
	if err := json.NewEncoder(enc).Encode(store.Entry{Scope: "sys", Key: probeKey, Value: data}); err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	return errors.Join(s.Dump(ctx, enc), enc.Close())
}

// restore reads a backup into an empty store: first into a scratch one, where it
// is looked through and asked what the backed up service was asked, then into the
// real one. The restored service starts held: see [post.Restore].
func restore(ctx context.Context, c *call) error {
	var lists listFlag
	rest, err := c.parse(1, 1, func(fs *flag.FlagSet) { fs.Var(&lists, "forgotten", "") })
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "huiwen-restore-") // mode 0700
	if err != nil {
		return fmt.Errorf("make a scratch folder: %w", err)
	}
	defer os.RemoveAll(scratch)
	asked, err := readBackup(rest[0], string(c.config.Backup.Passphrase), filepath.Join(scratch, "dump"))
	if err != nil {
		return err
	}
	forgotten, err := readForgotten(append(lists, filepath.Join(c.config.Data, forgottenFile)))
	if err != nil {
		return err
	}
	plain := func(name string) func() (io.ReadCloser, error) {
		return func() (io.ReadCloser, error) { return os.Open(filepath.Join(scratch, name)) }
	}
	out, err := os.OpenFile(filepath.Join(scratch, "held"), os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	held, err := post.Restore(plain("dump"), forgotten, c.Now(), out)
	if err := errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("备份内容有问题：%w", err)
	}
	if err := tryRestored(ctx, c, scratch, plain("held"), asked); err != nil {
		return err
	}
	s, err := openStore(ctx, c.config)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := loadFrom(ctx, s, plain("held")); err != nil {
		return fmt.Errorf("恢复没有完成，请清空数据目录后再试：%w", err)
	}
	if err := errors.Join(store.Verify(ctx, s), scheduler.Restored(ctx, s, c.Now())); err != nil {
		return err
	}
	fmt.Fprintf(c.Stdout, "已从 %s 恢复（备份截止 %s）。\n", rest[0], held.End.In(handlers.Zone).Format("2006-01-02 15:04:05"))
	fmt.Fprintf(c.Stdout, "备份时还没答的 %d 条消息、还没发出的 %d 条答复不会再发；登录、令牌等 %d 项已作废；备份之后要求删除的 %d 人的信息已再次删除（%d 项）。\n", held.Waiting, held.Replies, held.Dropped, held.Again, held.Erased)
	sayAuditKey(c, "审计密钥不在备份里，请在启动前把原来数据目录里的 audit.key 拷到 "+c.config.Data+"，否则旧的审计记录无法核对。")
	return nil
}

// sayAuditKey tells about the key of the audit where it is a file: it is kept
// outside the store, so no backup holds it.
func sayAuditKey(c *call, words string) {
	if c.config.Audit.Key.Reveal() == "" {
		fmt.Fprintln(c.Stdout, words)
	}
}

// tryRestored loads a backup into a scratch store and asks the service what it
// was asked when the backup was made.
func tryRestored(ctx context.Context, c *call, scratch string, from func() (io.ReadCloser, error), asked probe) error {
	trial, err := store.OpenFile(ctx, filepath.Join(scratch, "trial"), nil)
	if err != nil {
		return err
	}
	defer trial.Close()
	if err := loadFrom(ctx, trial, from); err != nil {
		return fmt.Errorf("备份载不进去：%w", err)
	}
	if err := store.Verify(ctx, trial); err != nil {
		return err
	}
	e, err := c.service(ctx, trial)
	if err != nil {
		return err
	}
	now, err := e.probe(ctx, c)
	if err != nil {
		return fmt.Errorf("恢复后答不了问题：%w", err)
	}
	if now.Program != asked.Program || now.Version != asked.Version {
		c.log.Warn("answers may differ: program or published state is another than when the backup was made", "program", asked.Program, "version", asked.Version)
		return nil
	}
	for i, a := range asked.Answers {
		if i >= len(now.Answers) || now.Answers[i] != a {
			return fmt.Errorf("恢复后 %q 的答复与备份时不同，没有恢复", a.Question)
		}
	}
	return nil
}

func loadFrom(ctx context.Context, s store.Store, open func() (io.ReadCloser, error)) error {
	in, err := open()
	if err != nil {
		return err
	}
	defer in.Close()
	return s.Load(ctx, in)
}

// readBackup decrypts a backup into a file of a scratch folder.
func readBackup(name, passphrase, to string) (asked probe, err error) {
	f, err := os.Open(name)
	if err != nil {
		return asked, fmt.Errorf("打不开备份：%w", err)
	}
	defer f.Close()
	key, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return asked, usagef("解密备份要口令：请设 backup.passphrase")
	}
	plain, err := age.Decrypt(bufio.NewReader(f), key)
	if err != nil {
		return asked, fmt.Errorf("%s：口令不对，或不是备份文件：%w", name, err)
	}
	in := bufio.NewReader(plain)
	first, err := in.ReadBytes('\n')
	var e store.Entry
	if err == nil {
		err = errors.Join(json.Unmarshal(first, &e), json.Unmarshal(e.Value, &asked))
	}
	if err != nil {
		return asked, fmt.Errorf("%s：不是本程序的备份，或已损坏：%w", name, err)
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return asked, fmt.Errorf("restore: %w", err)
	}
	if _, err := io.Copy(out, in); err != nil {
		return asked, errors.Join(fmt.Errorf("%s：备份不完整或已损坏：%w", name, err), out.Close())
	}
	return asked, out.Close()
}

// A listFlag is a flag that may stand several times.
type listFlag []string

func (l *listFlag) String() string     { return strings.Join(*l, ",") }
func (l *listFlag) Set(s string) error { *l = append(*l, s); return nil }

// readForgotten reads lists of deletions; the last, of the data folder, need not
// be there.
func readForgotten(names []string) ([]post.Forgotten, error) {
	var out []post.Forgotten
	for i, name := range names {
		f, err := os.Open(name)
		if errors.Is(err, os.ErrNotExist) && i == len(names)-1 {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("打不开删除清单：%w", err)
		}
		d := json.NewDecoder(bufio.NewReader(f))
		for {
			var one post.Forgotten
			err := d.Decode(&one)
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) { // a line cut by a crash was not confirmed
				break
			}
			if err != nil {
				return nil, errors.Join(fmt.Errorf("%s：不是删除清单：%w", name, err), f.Close())
			}
			out = append(out, one)
		}
		f.Close()
	}
	return out, nil
}
