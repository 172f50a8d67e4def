# The two commands that matter: make run, make check.
LISTEN   ?= 127.0.0.1:8080
INTERNAL ?= 127.0.0.1:8081
BIN      := .bin/huiwen
OS       := $(shell go env GOOS)
# make dist ARCH=arm64 builds for the other processor: it needs g++-aarch64-linux-gnu.
ARCH     ?= $(shell go env GOARCH)
CROSS    := $(if $(filter $(ARCH),$(shell go env GOHOSTARCH)),,CC=$(subst arm64,aarch64,$(subst amd64,x86-64,$(ARCH)))-linux-gnu-gcc CXX=$(subst arm64,aarch64,$(subst amd64,x86-64,$(ARCH)))-linux-gnu-g++)
DIST     := dist/huiwen-$(OS)-$(ARCH)
# The dictionary of the gojieba module, copied beside the program by dist.
DICT      = $(shell go list -m -f '{{.Dir}}' github.com/yanyiwu/gojieba)/deps/cppjieba/dict
PACKAGES := redis-server chromium fonts-noto-cjk

.PHONY: run build check tools lint test bench fuzz soak dist dist-proof clean

run: build
	$(BIN) serve --listen $(LISTEN) --internal $(INTERNAL)

build:
	go build -o $(BIN) ./bot/cmd/bot

check: tools lint test

# Tests need a real redis-server and a real browser; as root they are installed.
tools:
	@missing=""; \
	command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || missing="$$missing chromium fonts-noto-cjk"; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; \
	  else \
	    echo "install first: sudo apt-get install -y --no-install-recommends$$missing"; exit 1; \
	  fi; \
	fi

lint:
	@bad=$$(gofmt -l bot handlers knowledge scheduler seeds 2>/dev/null); if [ -n "$$bad" ]; then echo "not gofmt-ed:"; echo "$$bad"; exit 1; fi
	go vet ./...
	go mod tidy -diff
	go mod verify

test:
	HUIWEN_CHECK=full go test -race -timeout 15m ./...

bench: build
	$(BIN) bench

fuzz:
	go test ./knowledge/segment -run '^$$' -fuzz FuzzNormalise -fuzztime 30s
	go test ./knowledge/plan -run '^$$' -fuzz FuzzRead -fuzztime 60s
	for reader in FuzzText FuzzHTML FuzzDocx FuzzPDF; do go test ./knowledge/plan/document -run '^$$' -fuzz "^$$reader\$$" -fuzztime 30s || exit 1; done
	go test ./bot/envelope -run '^$$' -fuzz FuzzOpen -fuzztime 30s
	go test ./bot/wecom -run '^$$' -fuzz FuzzCallback -fuzztime 30s

# The long forms of the tests that kill, stop and cut: 200 rounds on both stores,
# 5,000 messages of 500 people. A run prints its seed; HUIWEN_SOAK=SEED does it again.
soak:
	HUIWEN_SOAK=$${HUIWEN_SOAK:-1} HUIWEN_CHECK=full go test -v -timeout 90m -run 'Storm|ManyPeople|Killed|Stopped' ./bot/post
	HUIWEN_SOAK=1 go test -v -count=3 -timeout 60m -run Killed ./bot/app
	HUIWEN_CHECK=full go test -count=20 -timeout 60m -run 'CutAnswer|Failover|OutOfDisk|FullDisk' ./knowledge/store
	HUIWEN_ROUNDS=500 go test -v -timeout 60m -run 'Rounds' ./scheduler
	HUIWEN_ROUNDS=150 HUIWEN_STORE=redis go test -v -timeout 90m -run 'Rounds' ./scheduler
	HUIWEN_ROUNDS=150 HUIWEN_STORE=file go test -v -timeout 90m -run 'Rounds' ./scheduler
	HUIWEN_SOAK=1 go test -v -timeout 30m -run 'PublishingUnderLoad|PublishingKilled' ./bot/app

# A folder that runs where there is neither Go nor its module cache.
dist:
	rm -rf $(DIST) && mkdir -p $(DIST)/dict
	CGO_ENABLED=1 GOARCH=$(ARCH) $(CROSS) go build -trimpath -tags netgo,osusergo -ldflags '-s -w -linkmode external -extldflags -static' -o $(DIST)/huiwen ./bot/cmd/bot
	cp $(DICT)/jieba.dict.utf8 $(DICT)/hmm_model.utf8 $(DICT)/user.dict.utf8 $(DICT)/idf.utf8 $(DICT)/stop_words.utf8 $(DIST)/dict/
	chmod -R u+w,a+rX $(DIST)
	cp README.md README.zh-CN.md .dist/huiwen.service $(DIST)/
	cd dist && tar -czf $(notdir $(DIST)).tar.gz $(notdir $(DIST)) && sha256sum *.tar.gz > SHA256SUMS

# Proves dist in an empty root as another user: it answers, and it reads a plan.
dist-proof: dist
	@[ "$$(id -u)" = 0 ] || { echo "dist-proof needs root for chroot"; exit 1; }
	@root=$$(mktemp -d) && cp -r $(DIST)/. $$root/ && cp seeds/plan/*.txt $$root/plan.txt && chmod -R a+rX $$root && \
	chroot --userspec=65534:65534 $$root /huiwen ask --as-of 2022-09-15 一次性创业补贴多少钱 && \
	chroot --userspec=65534:65534 $$root /huiwen plan inspect /plan.txt | head -2 && rm -rf $$root && echo "dist runs in an empty root as another user"

clean:
	rm -rf .bin dist
