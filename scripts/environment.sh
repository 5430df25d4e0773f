#!/bin/sh
# Brings .venv to what one lock file says, from any state of the folder, and does nothing when it is already there.
#
#   scripts/environment.sh runtime|dev|bench
#
# Three things are recorded inside .venv, each written only after what it records has succeeded, so that a run that
# was interrupted is never taken for a finished one:
#   .yinqiao-base      the interpreter and the folder it was made for (console scripts hold absolute paths)
#   .yinqiao-<lock>    the hash of each lock file that was installed
#   .yinqiao-project   the hash of pyproject.toml at the last editable install
# A changed interpreter, a moved folder, a changed lock or a damaged package costs a new .venv; a further lock is
# installed on top, for all three agree on their pins.
set -eu

kind=${1:?"用法:scripts/environment.sh runtime|dev|bench"}
cd "$(dirname "$0")/.."
root=$(pwd -P)
venv=$root/.venv
unset PYTHONHOME PYTHONPATH VIRTUAL_ENV
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0

say() { printf '%s\n' "$*" >&2; }
fail() { say "错误:$*"; exit 1; }

lock_of() {
    case $1 in
        runtime) echo requirements.lock ;;
        dev) echo requirements-dev.lock ;;
        bench) echo requirements-bench.lock ;;
        *) fail "没有名为 $1 的环境,可选 runtime、dev、bench。" ;;
    esac
}

is_recent() { "$1" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

can_make_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

choose_python() {
    if [ -n "${PYTHON:-}" ]; then
        is_recent "$PYTHON" || fail "PYTHON=$PYTHON 不能运行,或低于 3.11。请指定 3.11 或更高版本的解释器。"
        echo "$PYTHON"
        return
    fi
    # A name on the PATH may be a version switcher's empty shim, so each candidate has to run; one that can make an
    # environment goes before one that lacks the module.
    for able in can_make_venv true; do
        for candidate in python3.13 python3.12 python3.11 python3; do
            if is_recent "$candidate" && "$able" "$candidate"; then
                echo "$candidate"
                return
            fi
        done
    done
    fail "没有找到 Python 3.11 或更高版本。Debian 12 及以上请运行:apt-get install python3 python3-venv"
}

fingerprint() { "$1" -c 'import hashlib, pathlib, sys
print(hashlib.sha256(pathlib.Path(sys.argv[1]).read_bytes()).hexdigest())' "$2"; }

identity() { "$1" -c 'import sys; print(sys.version, sys.base_prefix, sys.argv[1], sep="\n")' "$root"; }

recorded() { cat "$venv/.yinqiao-$1" 2>/dev/null || true; }

holds() {
    [ -f "$venv/.yinqiao-$1" ] && [ "$(recorded "$1")" = "$(fingerprint "$python" "$(lock_of "$1")")" ]
}

is_sound() {
    [ -x "$venv/bin/python" ] || return 1
    [ "$(recorded base)" = "$(identity "$python")" ] || return 1
    [ "$(identity "$venv/bin/python" 2>/dev/null)" = "$(identity "$python")" ] || return 1
    for installed in runtime dev bench; do
        [ ! -f "$venv/.yinqiao-$installed" ] || holds "$installed" || return 1
    done
    "$venv/bin/python" scripts/installed.py "$venv"
}

create() {
    can_make_venv "$python" ||
        fail "$python 缺少 venv 模块。Debian / Ubuntu 请运行:apt-get install python3-venv"
    say "正在建立 .venv($("$python" --version))……"
    rm -rf "$venv"
    "$python" -m venv "$venv"
    identity "$python" >"$venv/.yinqiao-base"
}

install_lock() {
    say "正在按 $(lock_of "$1") 安装依赖,首次约需一两分钟……"
    "$venv/bin/python" -m pip install -qq --require-hashes -r "$(lock_of "$1")"
    fingerprint "$python" "$(lock_of "$1")" >"$venv/.yinqiao-$1"
}

install_project() {
    "$venv/bin/python" -m pip install -qq --no-deps --no-build-isolation --editable .
    fingerprint "$python" pyproject.toml >"$venv/.yinqiao-project"
}

lock_of "$kind" >/dev/null
python=$(choose_python)
is_sound || create
# The development lock holds every pin of the runtime lock.
if ! holds "$kind" && ! { [ "$kind" = runtime ] && holds dev; }; then
    install_lock "$kind"
fi
if [ ! -x "$venv/bin/yinqiao" ] || [ "$(recorded project)" != "$(fingerprint "$python" pyproject.toml)" ]; then
    install_project
fi
