package app

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

const envPrefix = "HUIWEN_"

// maxSecretFileBytes bounds a …_FILE.
const maxSecretFileBytes = 64 << 10

// applyEnvironment sets what HUIWEN_… variables name. A variable that names no
// key is an error: a misspelt secret must not be silently absent.
func applyEnvironment(c *Config, env Environment) error {
	vars := map[string]string{}
	for _, e := range env.Environ() {
		if k, v, ok := strings.Cut(e, "="); ok && strings.HasPrefix(k, envPrefix) {
			vars[strings.TrimPrefix(k, envPrefix)] = v
		}
	}
	for _, known := range []string{"CONFIG", "CHECK", "SOAK"} { // read elsewhere
		delete(vars, known)
	}
	err := setFields(reflect.ValueOf(c).Elem(), "", vars)
	var left []string
	for k := range vars {
		left = append(left, k)
	}
	slices.Sort(left)
	for _, k := range left {
		err = errors.Join(err, fmt.Errorf("environment: %s%s names no key of the configuration", envPrefix, k))
	}
	return err
}

// setFields sets the fields of a struct from vars and takes out what it used.
func setFields(v reflect.Value, prefix string, vars map[string]string) error {
	var errs []error
	for i := range v.NumField() {
		name := prefix + strings.ToUpper(v.Type().Field(i).Tag.Get("yaml"))
		errs = append(errs, setField(v.Field(i), name, vars))
	}
	return errors.Join(errs...)
}

func setField(f reflect.Value, name string, vars map[string]string) error {
	switch {
	case f.Kind() == reflect.Struct:
		return setFields(f, name+"_", vars)
	case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Struct:
		return setElements(f, name, vars)
	}
	value, ok := vars[name]
	delete(vars, name)
	if f.Kind() == reflect.Slice && !ok {
		return setTexts(f, name, vars)
	}
	if path, fromFile := vars[name+"_FILE"]; fromFile && f.Type() == reflect.TypeFor[Secret]() {
		delete(vars, name+"_FILE")
		data, err := readSecret(path)
		if err != nil {
			return fmt.Errorf("environment: %s%s_FILE: %w", envPrefix, name, err)
		}
		value, ok = data, true
	}
	if !ok {
		return nil
	}
	if err := setValue(f, value); err != nil {
		return fmt.Errorf("environment: %s%s: %w", envPrefix, name, err)
	}
	return nil
}

// maxElements bounds a list given by the environment.
const maxElements = 100

// setElements sets list elements by index: NAME_0_KEY, NAME_1_KEY.
func setElements(f reflect.Value, name string, vars map[string]string) error {
	for i := range maxElements {
		prefix := name + "_" + strconv.Itoa(i) + "_"
		named := false
		for k := range vars {
			named = named || strings.HasPrefix(k, prefix)
		}
		if !named {
			if i >= f.Len() {
				return nil
			}
			continue
		}
		if i > f.Len() {
			return fmt.Errorf("environment: %s%s has no element before %d", envPrefix, name, i)
		}
		if i == f.Len() {
			f.Set(reflect.Append(f, reflect.New(f.Type().Elem()).Elem()))
		}
		if err := setFields(f.Index(i), prefix, vars); err != nil {
			return err
		}
	}
	return nil
}

// setTexts sets the elements of a plain list by index: NAME_0, NAME_1. The list
// as a whole, NAME with commas, goes before.
func setTexts(f reflect.Value, name string, vars map[string]string) error {
	for i := range maxElements {
		key := name + "_" + strconv.Itoa(i)
		value, ok := vars[key]
		switch {
		case !ok && i >= f.Len():
			return nil
		case !ok:
			continue
		case i == f.Len():
			f.Set(reflect.Append(f, reflect.Zero(f.Type().Elem())))
		}
		delete(vars, key)
		f.Index(i).SetString(value)
	}
	return nil
}

func setValue(f reflect.Value, value string) error {
	switch {
	case f.Type() == reflect.TypeFor[Duration]():
		d, err := time.ParseDuration(value)
		if err != nil {
			return fmt.Errorf("%q is no duration such as 10m", value)
		}
		f.SetInt(int64(d))
	case f.Kind() == reflect.String:
		f.SetString(value)
	case f.Kind() == reflect.Int:
		n, err := strconv.Atoi(value)
		if err != nil {
			return fmt.Errorf("%q is no whole number", value)
		}
		f.SetInt(int64(n))
	case f.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(value)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", value)
		}
		f.SetBool(b)
	case f.Kind() == reflect.Slice:
		var list []string
		for part := range strings.SplitSeq(value, ",") {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, part)
			}
		}
		f.Set(reflect.ValueOf(list))
	}
	return nil
}

// readSecret reads a secret from a file, without the line end.
func readSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Size() > maxSecretFileBytes {
		return "", fmt.Errorf("%s is larger than %d bytes", path, maxSecretFileBytes)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}
