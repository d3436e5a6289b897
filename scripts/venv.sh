# Sourced by the scripts beside it: makes or refreshes `.venv` in the checkout, nothing elsewhere.
#
# set_up EXTRA   installs the project with that extra ("" for none) into .venv

cd "$(dirname "$0")/.." || exit 1
checkout=$PWD
# Nothing may be left outside the checkout: not in a cache, not in the system's temporary folder.
export PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

find_python() {
    for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "Python 3.11 or newer is needed, and none was found. Name one with PYTHON=/path/to/python." >&2
    exit 1
}

make_venv() {
    found=$(find_python) || exit 1
    echo "== making .venv with $("$found" --version) =="
    if ! "$found" -m venv .venv; then
        rm -rf .venv
        cat >&2 <<'EOT'
This Python cannot make a virtual environment. On Debian and Ubuntu install what is missing with:
    sudo apt-get install python3-venv
EOT
        exit 1
    fi
}

set_up() {
    [ -x .venv/bin/python ] || make_venv
    mkdir -p .venv/tmp
    export TMPDIR="$checkout/.venv/tmp"
    stamp=.venv/installed${1:+-$1}
    if [ ! -e "$stamp" ] || [ pyproject.toml -nt "$stamp" ]; then
        echo "== installing securechat${1:+ and what $1 needs} into .venv =="
        .venv/bin/python -m pip install --quiet --editable ".${1:+[$1]}" || exit 1
        touch "$stamp"
    fi
}
