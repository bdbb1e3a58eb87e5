# make demo   看演示 · look at it          make test   运行全部测试 · run every test
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
ARGS ?=

.PHONY: help
help:  ## 列出命令 · list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: env env-dev
env:
	@bin/bootstrap
env-dev:
	@bin/bootstrap dev

.PHONY: demo demo-reset
demo: env  ## 启动演示，Ctrl-C 停止 · start the demo, Ctrl-C stops it
	@exec $(BIN)/yucun demo $(ARGS)
demo-reset: env  ## 清空演示数据 · delete the demo's data
	@$(BIN)/yucun demo --reset $(ARGS)

.PHONY: picture
picture: env-dev  ## 演示运行时重拍 README 的图 · while the demo runs: take the README's picture anew
	@$(BIN)/python -m tests.e2e.readme_picture $(ARGS)

.PHONY: test stress crash fuzz walks model mutate understand chat-fuzz burst export-stall faults due-chaos message-chaos
WORKERS ?= 2
test: env-dev client  ## 运行全部测试 · run every test; ARGS="-k words" picks some, WORKERS=0 runs them in one process
	@$(PYTEST) -m "not stress" -n $(WORKERS) --dist loadfile $(ARGS)
stress: env-dev  ## 长时间压力测试 · long load runs
	@$(PYTEST) -m stress --timeout 1800 $(ARGS)
crash: env-dev  ## 在每一步杀死进程：EVERY=1 JOBS=2 PATHS="pay_order" · kill processes at every step of every money path
	@$(BIN)/python -m tests.crash --every $(or $(EVERY),1) --jobs $(or $(JOBS),2) $(PATHS)
fuzz: env-dev  ## 按接口文档造好坏输入：EXAMPLES=50 · good and bad input for each operation of the OpenAPI documents
	@YUCUN_FUZZ=$(or $(EXAMPLES),50) $(PYTEST) -k test_no_input tests/miniapp_api/test_fuzz.py tests/admin_api/test_fuzz.py $(ARGS)
WALKS ?= 300
walks: env-dev  ## 沿接口文档的链接走：WALKS=300 · walk along the links of the OpenAPI documents, and nothing may fail
	@YUCUN_WALKS=$(WALKS) $(PYTEST) -k test_no_walk tests/miniapp_api/test_fuzz.py tests/admin_api/test_fuzz.py $(ARGS)
STEPS ?= 10000
SEED ?= 1
model: env-dev  ## 用模型核对账务：STEPS=1000000 SEED=1 JOBS=2 · every money step against a model
	@$(BIN)/python -m tests.model $(STEPS) $(SEED) $(or $(JOBS),1)
SCENARIOS ?= 10000
faults: env-dev  ## 渠道故障、进程被杀、数据库崩溃之后核对：SCENARIOS=10000 SEED=1 · stories under faults, then compared
	@$(BIN)/python -m tests.faults $(SCENARIOS) $(SEED) $(ONLY)

RUNS ?= 20
due-chaos: env-dev  ## 到期扣款中杀死、冻结 worker，重启数据库，拨动时钟：RUNS=20 SEED=1 · due runs while workers are killed, frozen and lied to
	@$(BIN)/python -m tests.due_chaos $(RUNS) $(SEED)
message-chaos: env-dev  ## 消息渠道拒绝、超时、断线，杀死 worker，拨动时钟，停机三天：RUNS=20 SEED=1 MOST_S=600 · messages while all they go by misbehaves
	@$(BIN)/python -m tests.message_chaos $(RUNS) $(SEED) $(MOST_S)

mutate: env-dev  ## 变异测试：FILES="ledger/holds.py" EACH=12 BOUND=15 SEED=1 · do tests notice small changes of money code?
	@$(BIN)/python -m tests.mutation --seed $(SEED) $(if $(EACH),--each $(EACH)) $(if $(MOST),--most $(MOST)) $(if $(BOUND),--bound $(BOUND)) $(if $(JOBS),--jobs $(JOBS)) $(FILES)

chat-fuzz: env-dev  ## 聊天接口的畸形消息：EXAMPLES=5000 · bent messages for the chat: XML, JSON, encodings, the AES frame
	@YUCUN_CHAT_FUZZ=$(or $(EXAMPLES),5000) $(PYTEST) tests/bot/test_wire_fuzz.py $(ARGS)
export-stall: env-dev  ## 导出长列表时别人等多久：ROWS=100000 · how long pages take while the file of a long list is made
	@$(BIN)/python -m benchmarks.export_stall --rows $(or $(ROWS),100000)
burst: env-dev  ## 聊天高峰：MESSAGES=2000 WITHIN=10 · a burst of chat messages at server processes, and how long answers took
	@$(BIN)/python -m benchmarks.bot_burst --messages $(or $(MESSAGES),2000) --within $(or $(WITHIN),10)

understand: env-dev  ## 听懂多少：PART=held|dev · how much of what people write in chats is understood, and what is taken for what
	@$(BIN)/python -m tests.bot.utterances $(PART)

.PHONY: check format
check: env-dev  ## 格式、静态检查、类型、导入方向、生成文件 · format, lint, types, imports, generated files
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/yucun openapi --check
.PHONY: audit console-look
audit: env-dev  ## 已锁定的依赖有没有已知漏洞 · known faults of locked dependencies, as the package index tells them
	@bin/audit
console-look: env-dev  ## 控制台每一页、三种尺寸、两种语言 · every page of the console at three sizes in both languages: axe, and pictures in var/screenshots
	@YUCUN_CONSOLE_LOOK=all $(PYTEST) tests/e2e/test_console_pages.py tests/console/test_a_day.py --timeout 3600 $(ARGS)
format: env-dev  ## 整理代码格式 · format the code
	@$(BIN)/ruff check --fix --exit-zero --quiet
	@$(BIN)/ruff format

.PHONY: client
client: env-dev  ## 生成 TypeScript 客户端 · build the TypeScript client of the mini-program API
	@bin/client

.PHONY: openapi
openapi: env-dev  ## 重写接口文档 · write the OpenAPI documents anew
	@$(BIN)/yucun openapi

.PHONY: bench
bench: env-dev  ## 性能对比 · benchmarks: ONLY=name JSON=1
	@$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY)) $(if $(JSON),--json) $(ARGS)

.PHONY: lock
lock: env-dev  ## 重新锁定依赖版本 · resolve dependencies anew
	@bin/lock
