package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"huiwen/knowledge/audit"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/store"
	"huiwen/knowledge/versions"
)

// maxDirectoryBytes bounds the directory's file.
const maxDirectoryBytes = 4 << 20

// directoryShow shows the directory as the YAML that is edited. It is not rolled
// back with the plan.
func directoryShow(ctx context.Context, c *call) error {
	if _, err := c.parse(0, 0, nil); err != nil {
		return err
	}
	s, err := openStore(ctx, c.config)
	if err != nil {
		return err
	}
	defer s.Close()
	now, err := readDirectory(ctx, s)
	if err != nil {
		return err
	}
	data, err := now.YAML()
	if err != nil {
		return err
	}
	_, err = c.Stdout.Write(data)
	return err
}

// directoryImport takes an edited directory in.
func directoryImport(ctx context.Context, c *call) error {
	var f actFlags
	rest, err := c.parse(1, 1, f.define)
	if err != nil {
		return err
	}
	return c.acting(ctx, f, mayKeep, func(s store.Store, act versions.Act) error {
		d, err := readDirectoryFile(rest[0])
		if err != nil {
			return err
		}
		err = s.Update(ctx, directory.Scope, func(tx store.Tx) error {
			note := audit.Entry{ID: act.ID, Who: act.Who, Act: "directory.save", Subject: fmt.Sprintf("revision %d", d.Revision+1), Why: act.Why}
			return errors.Join(directory.Save(tx, d), audit.Note(tx, note))
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(c.Stdout, "已保存第 %d 版通讯录：%d 个单位，%d 个人\n", d.Revision+1, len(d.Bureaus), len(d.People))
		if lost := d.Unreachable(namesOf(d), c.Now()); len(lost) > 0 {
			fmt.Fprintf(c.Stdout, "%d 个单位没有能收到提醒的联系人\n", len(lost))
		}
		return nil
	})
}

func namesOf(d *directory.Directory) []string {
	var out []string
	for _, b := range d.Bureaus {
		if b.Successor == nil {
			out = append(out, b.Name)
		}
	}
	return out
}

func readDirectoryFile(name string) (*directory.Directory, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("打不开文件：%w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxDirectoryBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(data) > maxDirectoryBytes {
		return nil, fmt.Errorf("%s 超过 %d MiB", name, maxDirectoryBytes>>20)
	}
	return directory.Parse(data, name)
}
