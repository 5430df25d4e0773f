# Every target says in one line what it does; `make` alone prints them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# A caller's Python settings would leak into the environment that is being made.
unexport PYTHONHOME PYTHONPATH VIRTUAL_ENV

BIN := .venv/bin
SOURCES := $(wildcard app bench migrations scripts tests)
TYPED := $(wildcard app bench migrations scripts tests)
IMAGE ?= yinqiao
# One worker for each core; `make test WORKERS=1` runs the tests in one process.
WORKERS ?= auto
# `make test ARGS="-k subsidy"` passes anything on to pytest.
ARGS ?=
# `make bench SIZES="2000 40000 400000"` also looks for candidates among 400,000 cases.
SIZES ?= 2000 40000
# `make fuzz EXAMPLES=5000` looks longer.
EXAMPLES ?= 500
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --group build --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' $(LOCK_ARGS) pyproject.toml

.PHONY: help
help: ## 列出全部目标
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "  可用 PYTHON=/路径/python3.12 指定解释器(3.11 或更高)。"

.PHONY: environment
environment: ## 只准备开发环境 .venv(已就绪则什么也不做)
	@sh scripts/environment.sh dev

.PHONY: runtime
runtime: # What demo, migrate, seed and serve need; a development environment already holds it.
	@sh scripts/environment.sh runtime

.PHONY: demo
demo: runtime ## 一步看到效果:建环境、建库、装入政策,在 8000 端口以 SQLite 提供服务
	@$(BIN)/yinqiao demo

.PHONY: migrate
migrate: runtime ## 把数据库升级到最新结构(库由 YINQIAO_DATABASE_URL 指定)
	@$(BIN)/yinqiao migrate

.PHONY: seed
seed: runtime ## 装入 seed/ 中的政策、扶持政策与利率,可反复执行
	@$(BIN)/yinqiao seed

.PHONY: serve
serve: runtime ## 启动服务(先 make migrate seed)
	@$(BIN)/yinqiao serve

.PHONY: test
test: check ## 全部静态检查与全部测试,末行是测试计数
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal $(ARGS)

.PHONY: parity
parity: environment ## 求值与 SQL 的一致性:在两种数据库上各比较 50,000 条随机规则(约 15 分钟)
	@YINQIAO_PARITY_RULES=50000 $(BIN)/pytest -n $(WORKERS) --timeout=3600 tests/store/test_rule_sql.py $(ARGS)

.PHONY: fuzz
fuzz: environment ## 按接口文档生成大量请求冲击全部接口,并沿链接连续操作(EXAMPLES=每个接口的请求数和连续操作的次数)
	@YINQIAO_FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/pytest -n $(WORKERS) tests/api/test_generated.py tests/api/test_stateful.py $(ARGS)

.PHONY: chaos
chaos: environment ## 强杀服务 50 次、两路各写 10,000 条审计、篡改审计 10,000 次(约 20 分钟)
	@YINQIAO_KILLS=50 YINQIAO_AUDIT_EVENTS=10000 YINQIAO_AUDIT_EDITS=10000 $(BIN)/pytest -n $(WORKERS) \
		tests/access/test_kill.py tests/access/audit tests/referrals/test_sender_kill.py $(ARGS)

.PHONY: pages
pages: environment ## 在 Chromium 里走遍每种角色的每个页面,三种宽度,全部做 axe 检查(约 15 分钟)
	@YINQIAO_ALL_PAGES=1 YINQIAO_BROWSER=required $(BIN)/pytest -n $(WORKERS) tests/browser tests/console/test_hostile.py $(ARGS)

.PHONY: check
check: lint types ## 全部静态检查

.PHONY: lint
lint: environment ## 代码规范(ruff)与房间之间的引用方向(import-linter)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/lint-imports --no-logo

.PHONY: types
types: environment ## 类型检查(mypy,严格模式)
	@$(BIN)/mypy $(TYPED)

.PHONY: format
format: environment ## 按统一格式改写源码
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

.PHONY: bench
bench: ## 性能对照:与其他规则引擎在同一次运行中比较
	@sh scripts/environment.sh bench
	@$(BIN)/python -m bench $(SIZES)

.PHONY: lock
lock: environment ## 按 pyproject.toml 重写锁定文件,已有的版本不动
	@$(COMPILE) --extra dev --output-file requirements-dev.lock
	@$(COMPILE) --constraint requirements-dev.lock --output-file requirements.lock
	@$(COMPILE) --constraint requirements-dev.lock --extra bench --output-file requirements-bench.lock

.PHONY: upgrade
upgrade: ## 把锁定文件中的版本全部升到最新
	@$(MAKE) lock LOCK_ARGS=--upgrade

.PHONY: image
image: ## 构建容器镜像(需要 docker)
	docker build --tag $(IMAGE) .

.PHONY: clean
clean: ## 删除环境与缓存;var/ 中的数据库保留
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist *.egg-info
	find app bench migrations scripts tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
