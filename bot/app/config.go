package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// A Config is everything an operator sets. Every key of the YAML is also
// HUIWEN_SECTION_KEY in the environment, secrets also as …_FILE; list elements
// by index: HUIWEN_WECOM_APPS_0_SECRET. The environment beats the file, flags
// beat both.
type Config struct {
	Listen     string `yaml:"listen"`     // public: page, API, callbacks
	Internal   string `yaml:"internal"`   // internal: health, metrics, admin
	Data       string `yaml:"data"`       // folder of what the service remembers
	Dictionary string `yaml:"dictionary"` // gojieba's dict folder, "" to look for it
	Log        Log    `yaml:"log"`
	Page       Page   `yaml:"page"`
	Admin      Admin  `yaml:"admin"`
	Store      Store  `yaml:"store"`
	Inbox      Inbox  `yaml:"inbox"`
	Audit      Audit  `yaml:"audit"`
	Plan       Plan   `yaml:"plan"`
	Backup     Backup `yaml:"backup"`
	WeCom      WeCom  `yaml:"wecom"`
	DingTalk   Ding   `yaml:"dingtalk"`
}

// Log is what the process log and the question log hold.
type Log struct {
	Level     string   `yaml:"level"`     // debug, info, warn, error
	Questions Duration `yaml:"questions"` // how long the question log is kept, 0s for none
	Words     bool     `yaml:"words"`     // with the masked words of the questions
}

// Page is the limits of the residents' page.
type Page struct {
	PerMinute      int      `yaml:"per_minute"`       // questions an address
	TotalPerSecond int      `yaml:"total_per_second"` // questions in all
	TrustedProxies []string `yaml:"trusted_proxies"`  // networks whose X-Forwarded-For counts
	Secure         bool     `yaml:"secure"`           // served by https in front: secure cookies
}

// Store is where the service remembers.
type Store struct {
	Kind  string `yaml:"kind"` // file or redis
	Redis Redis  `yaml:"redis"`
}

// Backup is how backups are encrypted.
type Backup struct {
	Passphrase Secret `yaml:"passphrase"`
}

// Redis is the shared store.
type Redis struct {
	Mode     string   `yaml:"mode"` // single, sentinel, cluster
	Addrs    []string `yaml:"addrs"`
	Master   string   `yaml:"master"`
	Username string   `yaml:"username"`
	Password Secret   `yaml:"password"`
	// WaitReplicas is how many replicas must have a message before the platform is
	// told 200, at most WaitTime long; -1 for one where there are any.
	WaitReplicas int      `yaml:"wait_replicas"`
	WaitTime     Duration `yaml:"wait_time"`
	// AllowLoss starts the service also on a Redis that may lose messages.
	AllowLoss bool `yaml:"allow_loss"`
}

// Inbox bounds what waits.
type Inbox struct {
	PerShard        int `yaml:"per_shard"`        // messages of one of 64 shards
	PerConversation int `yaml:"per_conversation"` // messages of one conversation
}

// WeCom is the keys of 企业微信.
type WeCom struct {
	BaseURL        string       `yaml:"base_url"`
	CallbackWindow Duration     `yaml:"callback_window"`
	VerifyDir      string       `yaml:"verify_dir"` // folder of the WW_verify_….txt that prove the domain
	Apps           []WeComApp   `yaml:"apps"`
	KF             WeComKF      `yaml:"kf"`
	Robots         []WeComRobot `yaml:"robots"`
}

// WeComApp is one self-built app; its callback is /wecom/callback/{name}.
type WeComApp struct {
	Name           string `yaml:"name"`
	CorpID         string `yaml:"corp_id"`
	AgentID        string `yaml:"agent_id"`
	Secret         Secret `yaml:"secret"`
	Token          Secret `yaml:"token"`
	EncodingAESKey Secret `yaml:"encoding_aes_key"`
	Format         string `yaml:"format"` // card; text for members who read in WeChat; markdown
	Link           string `yaml:"link"`   // page that text cards open
}

// WeComKF is 微信客服.
type WeComKF struct {
	CorpID         string   `yaml:"corp_id"`
	Secret         Secret   `yaml:"secret"`
	Token          Secret   `yaml:"token"`
	EncodingAESKey Secret   `yaml:"encoding_aes_key"`
	Handover       string   `yaml:"handover"`  // whom who asks for a person is given to: pool, servicer, "" for nobody
	Servicers      []string `yaml:"servicers"` // user ids, tried in order
	Hours          []string `yaml:"hours"`     // when somebody is there: 1-5 09:00-12:00; empty for always
}

// WeComRobot is a group robot.
type WeComRobot struct {
	Name   string `yaml:"name"`
	Key    Secret `yaml:"key"`
	Format string `yaml:"format"` // text, markdown, card; "" for markdown where there is a title
	Link   string `yaml:"link"`   // page that cards open
}

// Ding is the keys of 钉钉.
type Ding struct {
	APIURL         string   `yaml:"api_url"`
	OAPIURL        string   `yaml:"oapi_url"`
	CallbackWindow Duration `yaml:"callback_window"`
	CorpID         string   `yaml:"corp_id"`
	ClientID       string   `yaml:"client_id"`
	ClientSecret   Secret   `yaml:"client_secret"`
	RobotCode      string   `yaml:"robot_code"`
	AgentID        string   `yaml:"agent_id"`
	CardTemplateID string   `yaml:"card_template_id"`
	Mode           string   `yaml:"mode"` // stream or http
	// Token and EncodingAESKey open encrypted bodies in http mode.
	Token          Secret      `yaml:"token"`
	EncodingAESKey Secret      `yaml:"encoding_aes_key"`
	Robots         []DingRobot `yaml:"robots"`
}

// DingRobot is a custom robot of a group.
type DingRobot struct {
	Name        string `yaml:"name"`
	AccessToken Secret `yaml:"access_token"`
	Secret      Secret `yaml:"secret"`
}

// A Duration is written as 10m, 90s, 24h.
type Duration time.Duration

// UnmarshalYAML reads a duration; the error names the line.
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	v, err := time.ParseDuration(n.Value)
	if err != nil {
		return fmt.Errorf("line %d: %q is no duration such as 10m or 90s", n.Line, n.Value)
	}
	*d = Duration(v)
	return nil
}

// MarshalYAML writes a duration.
func (d Duration) MarshalYAML() (any, error) { return time.Duration(d).String(), nil }

// defaults is the configuration without a file.
func defaults() Config {
	return Config{
		Listen: "127.0.0.1:8080", Internal: "127.0.0.1:8081", Data: "./data",
		Log:      Log{Level: "info", Questions: Duration(90 * 24 * time.Hour), Words: true},
		Page:     Page{PerMinute: 30, TotalPerSecond: 200},
		Admin:    Admin{Idle: Duration(30 * time.Minute)},
		Store:    Store{Kind: "file", Redis: Redis{Mode: "single", WaitReplicas: -1, WaitTime: Duration(500 * time.Millisecond)}},
		Inbox:    Inbox{PerShard: 10_000, PerConversation: 20},
		WeCom:    WeCom{BaseURL: "https://qyapi.weixin.qq.com", CallbackWindow: Duration(10 * time.Minute)},
		DingTalk: Ding{APIURL: "https://api.dingtalk.com", OAPIURL: "https://oapi.dingtalk.com", CallbackWindow: Duration(time.Hour), Mode: "stream"},
	}
}

// loadConfig reads file, environment and global flags, in that order, and
// checks the whole.
func loadConfig(global map[string]string, env Environment) (Config, error) {
	c := defaults()
	file := global["config"]
	if file == "" {
		file = env.Getenv("HUIWEN_CONFIG")
	}
	if file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return c, fmt.Errorf("read the configuration: %w", err)
		}
		d := yaml.NewDecoder(bytes.NewReader(data))
		d.KnownFields(true)
		if err := d.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
			return c, fmt.Errorf("%s: %w", file, err)
		}
	}
	if err := applyEnvironment(&c, env); err != nil {
		return c, err
	}
	if data := global["data"]; data != "" {
		c.Data = data
	}
	if err := c.check(); err != nil {
		return c, fmt.Errorf("configuration: %w", located(err, file, env))
	}
	return c, nil
}

// A badValue is a value that cannot be used, with its key as in the YAML.
type badValue struct {
	key string
	err error
}

func (b badValue) Error() string { return b.key + ": " + b.err.Error() }

// located adds to every bad value where it was set: the line of the file, or the
// variable, which beats the file.
func located(err error, file string, env Environment) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err
	}
	var root yaml.Node
	if data, readErr := os.ReadFile(file); file != "" && readErr == nil {
		_ = yaml.Unmarshal(data, &root) // it was read before
	}
	set := map[string]bool{}
	for _, e := range env.Environ() {
		name, _, _ := strings.Cut(e, "=")
		set[name] = true
	}
	var out []error
	for _, one := range joined.Unwrap() {
		var b badValue
		if errors.As(one, &b) {
			variable := envPrefix + strings.ToUpper(strings.NewReplacer(".", "_", "[", "_", "]", "").Replace(b.key))
			switch line := lineOf(&root, b.key); {
			case set[variable] || set[variable+"_FILE"]:
				one = fmt.Errorf("%w (set by %s)", one, variable)
			case line > 0:
				one = fmt.Errorf("%w (%s line %d)", one, file, line)
			}
		}
		out = append(out, one)
	}
	return errors.Join(out...)
}

// lineOf finds the line of a key such as wecom.apps[0].name, or of the part of it
// that the file holds; 0 for none.
func lineOf(n *yaml.Node, key string) int {
	line := 0
	for _, part := range strings.FieldsFunc(key, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
			n = n.Content[0]
		}
		next := (*yaml.Node)(nil)
		if i, err := strconv.Atoi(part); err == nil && n.Kind == yaml.SequenceNode && i < len(n.Content) {
			next, line = n.Content[i], n.Content[i].Line
		}
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == part {
				next, line = n.Content[i+1], n.Content[i].Line
			}
		}
		if next == nil {
			return line
		}
		n = next
	}
	return line
}

// check names every bad value by its key.
func (c Config) check() error {
	var errs []error
	bad := func(key, format string, args ...any) {
		errs = append(errs, badValue{key, fmt.Errorf(format, args...)})
	}
	oneOf := func(key, value string, allowed ...string) {
		if !slices.Contains(allowed, value) {
			bad(key, "%q is none of %v", value, allowed)
		}
	}
	for key, addr := range map[string]string{"listen": c.Listen, "internal": c.Internal} {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			bad(key, "%q is no address such as 127.0.0.1:8080", addr)
		}
	}
	oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	oneOf("store.kind", c.Store.Kind, "file", "redis")
	oneOf("store.redis.mode", c.Store.Redis.Mode, "single", "sentinel", "cluster")
	if c.Store.Kind == "redis" && len(c.Store.Redis.Addrs) == 0 {
		bad("store.redis.addrs", "is empty: name at least one host:port")
	}
	if c.Store.Redis.Mode == "sentinel" && c.Store.Redis.Master == "" {
		bad("store.redis.master", "is empty: sentinel needs the master's name")
	}
	if c.Store.Redis.WaitReplicas < -1 || c.Store.Redis.WaitTime <= 0 {
		bad("store.redis.wait_replicas", "is -1 or more, and wait_time above zero")
	}
	if c.Inbox.PerShard < 20 || c.Inbox.PerConversation < 1 {
		bad("inbox", "per_shard must be 20 or more and per_conversation 1 or more")
	}
	if c.Log.Questions < 0 {
		bad("log.questions", "is 0s for none, or how long the question log is kept")
	}
	oneOf("dingtalk.mode", c.DingTalk.Mode, "stream", "http")
	for key, u := range map[string]string{"wecom.base_url": c.WeCom.BaseURL, "dingtalk.api_url": c.DingTalk.APIURL, "dingtalk.oapi_url": c.DingTalk.OAPIURL} {
		if p, err := url.Parse(u); err != nil || p.Host == "" || p.Scheme != "https" && p.Scheme != "http" || p.Path != "" && p.Path != "/" {
			bad(key, "%q is no scheme and host such as https://example.cn", u)
		}
	}
	c.WeCom.check(bad)
	for i, n := range c.Page.TrustedProxies {
		if _, _, err := net.ParseCIDR(n); err != nil {
			bad(fmt.Sprintf("page.trusted_proxies[%d]", i), "%q is no network such as 10.0.0.0/8", n)
		}
	}
	c.Admin.check(bad)
	if c.Page.PerMinute <= 0 || c.Page.TotalPerSecond <= 0 {
		bad("page", "per_minute and total_per_second must be above zero")
	}
	slices.SortFunc(errs, func(a, b error) int { return bytes.Compare([]byte(a.Error()), []byte(b.Error())) })
	return errors.Join(errs...)
}

func (c Config) level() slog.Level {
	var l slog.Level
	if err := l.UnmarshalText([]byte(c.Log.Level)); err != nil {
		return slog.LevelInfo
	}
	return l
}

// showConfig prints the configuration in force; secrets show as <redacted>.
func showConfig(_ context.Context, c *call) error {
	if _, err := c.parse(0, 0, nil); err != nil {
		return err
	}
	enc := yaml.NewEncoder(c.Stdout)
	enc.SetIndent(2)
	if err := enc.Encode(c.config); err != nil {
		return fmt.Errorf("print the configuration: %w", err)
	}
	return enc.Close()
}
