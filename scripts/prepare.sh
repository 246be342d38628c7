# What `run` and `check` both need before they build. Sourced, not run. Each step looks first and does nothing when the
# machine already has the thing; when it must install something, it says what and why.

# How a folder of built things is shared by every clone of Haven on this machine, so that a second clone builds fast.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-${HOME:-$PWD/target}/.cache}/haven/target}"

# Where page components are built to; crates/web embeds this folder.
PAGES_DIR=crates/web/dist
NODE_MAJOR_AT_LEAST=18

say() { printf 'haven: %s\n' "$*"; }

stop_with() {
  printf 'haven: %s\n' "$*" >&2
  exit 2
}

have() { command -v "$1" >/dev/null 2>&1; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

may_be_root() {
  [ "$(id -u)" -eq 0 ] && return 0
  have sudo && { [ -t 0 ] || sudo -n true 2>/dev/null; }
}

debian_list_is_fresh=no

# install_debian WHY PACKAGE... : installs packages of Debian, or says in one sentence what to install.
install_debian() {
  local why=$1
  shift
  have apt-get || stop_with "Please install $* ($why); this script can do that by itself only on Debian and its relatives."
  may_be_root || stop_with "Please ask an administrator to run: apt-get install $* ($why)."
  say "Installing $* ($why)."
  if [ "$debian_list_is_fresh" = no ]; then
    as_root apt-get -qq -o DPkg::Lock::Timeout=300 update >/dev/null || say "The list of Debian packages could not be renewed; trying with the old one."
    debian_list_is_fresh=yes
  fi
  local told
  if ! told=$(as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a apt-get -qq -y --no-install-recommends \
    -o DPkg::Lock::Timeout=300 install "$@" 2>&1); then
    tail -n 20 <<<"$told" >&2
    stop_with "Installing $* did not work. Please install it by hand ($why) and start again."
  fi
}

need_rust() {
  have cargo || PATH="$PATH:${CARGO_HOME:-${HOME:-}/.cargo}/bin"
  have cargo || stop_with "Please install Rust 1.95 or newer (rustup.rs tells how): Haven is built from source."
  mkdir -p "$CARGO_TARGET_DIR" 2>/dev/null ||
    stop_with "The folder $CARGO_TARGET_DIR cannot be written: set CARGO_TARGET_DIR to one that can."
}

need_compiler() {
  if have cc && printf '#include <stdlib.h>\nint main(void){return 0;}\n' | cc -x c - -o /dev/null 2>/dev/null; then
    return 0
  fi
  install_debian "a C compiler: SQLite and the TLS library are written in C" gcc libc6-dev
}

need_node() {
  { have node && have npm; } || install_debian "Node.js puts the page components together; Haven itself runs without it" nodejs npm
  local major
  major=$(node -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge "$NODE_MAJOR_AT_LEAST" ] ||
    stop_with "Please install Node.js $NODE_MAJOR_AT_LEAST or newer: this machine has version $major."
}

# fingerprint FILE-OR-FOLDER... : one word that changes when any of these files does.
fingerprint() {
  find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1
}

# Page components (GOV.UK Frontend, the typeface) come from npm by lock file, without running any package's scripts.
# Only done when the lock file, or what the pages are made of, has changed since the last time.
page_components() {
  local lock made
  lock=$(fingerprint package.json package-lock.json)
  made=$(fingerprint package.json package-lock.json crates/web/assets)
  if [ "$(cat node_modules/.haven-lock 2>/dev/null)" != "$lock" ]; then
    say "Fetching the page components named in package-lock.json."
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error ||
      stop_with "npm could not fetch the page components: is the network there? Start again when it is."
    printf '%s\n' "$lock" >node_modules/.haven-lock
  fi
  if [ "$(cat node_modules/.haven-pages 2>/dev/null)" != "$made" ] || [ ! -s "$PAGES_DIR/names.txt" ]; then
    say "Putting the page components together."
    npm run --silent assets || stop_with "The page components could not be put together; the lines above say why."
    printf '%s\n' "$made" >node_modules/.haven-pages
  fi
}
