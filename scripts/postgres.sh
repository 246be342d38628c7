# One PostgreSQL for one run of `check`: on loopback, as an unprivileged user, in a temporary folder, gone afterwards.
# Sourced, not run. Tests find it by HAVEN_POSTGRES and make a database each.

POSTGRES_DIR=
POSTGRES_TRIES=5
POSTGRES_CONNECTIONS=300

# The newest PostgreSQL server programs on this machine, or nothing.
postgres_bin() {
  local found
  found=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
  if [ -x "$found/initdb" ]; then
    printf '%s\n' "$found"
  elif have initdb; then
    dirname "$(command -v initdb)"
  fi
}

need_postgres() {
  [ -n "$(postgres_bin)" ] && return 0
  # Debian would also start a server of its own at once; this machine asked for none.
  local no_server=/etc/postgresql-common/createcluster.d/haven-check.conf
  if may_be_root && have apt-get; then
    as_root mkdir -p "$(dirname "$no_server")"
    printf 'create_main_cluster = false\n' | as_root tee "$no_server" >/dev/null
  fi
  install_debian "a PostgreSQL server: every storage test runs on both databases" postgresql
  may_be_root && as_root rm -f "$no_server"
  [ -n "$(postgres_bin)" ] || stop_with "PostgreSQL was installed, but its server programs were not found."
}

# PostgreSQL refuses to run as root: then it runs as the user that Debian's package made for it, or as nobody.
as_postgres() {
  if [ "$(id -u)" -ne 0 ]; then
    "$@"
  elif id postgres >/dev/null 2>&1; then
    runuser -u postgres -- "$@"
  else
    runuser -u nobody -- "$@"
  fi
}

start_postgres() {
  local bin password port try
  bin=$(postgres_bin)
  [ -n "$bin" ] || { say "There is no PostgreSQL server here: its tests are skipped."; return 1; }
  POSTGRES_DIR=$(mktemp -d "${TMPDIR:-/tmp}/haven-postgres.XXXXXX") || return 1
  password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  printf '%s\n' "$password" >"$POSTGRES_DIR/password"
  if [ "$(id -u)" -eq 0 ]; then
    chown -R "$(as_postgres id -un)" "$POSTGRES_DIR" || return 1
  fi
  (
    cd "$POSTGRES_DIR" &&
      as_postgres "$bin/initdb" --pgdata="$POSTGRES_DIR/data" --username=haven --pwfile="$POSTGRES_DIR/password" \
        --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync >"$POSTGRES_DIR/initdb.log" 2>&1
  ) || { say "PostgreSQL could not make its folder:"; cat "$POSTGRES_DIR/initdb.log"; return 1; }
  for ((try = 1; try <= POSTGRES_TRIES; try++)); do
    port=$((20000 + RANDOM % 12000))
    # Nothing here outlives the run, so it need not wait for the disk.
    if (
      cd "$POSTGRES_DIR" &&
        as_postgres "$bin/pg_ctl" --pgdata="$POSTGRES_DIR/data" --log="$POSTGRES_DIR/server.log" --wait --silent start \
          -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$POSTGRES_DIR -c max_connections=$POSTGRES_CONNECTIONS -c fsync=off -c synchronous_commit=off -c full_page_writes=off" >/dev/null 2>&1 </dev/null
    ); then
      export HAVEN_POSTGRES="postgres://haven:$password@127.0.0.1:$port/postgres"
      say "PostgreSQL $("$bin/postgres" --version | grep -o '[0-9][0-9.]*' | head -n 1) waits on 127.0.0.1:$port for the length of this run."
      return 0
    fi
  done
  say "PostgreSQL did not start:"
  tail -n 20 "$POSTGRES_DIR/server.log" 2>/dev/null
  return 1
}

stop_postgres() {
  [ -n "$POSTGRES_DIR" ] || return 0
  local dir=$POSTGRES_DIR
  POSTGRES_DIR=
  unset HAVEN_POSTGRES
  if [ -s "$dir/data/postmaster.pid" ]; then
    (cd "$dir" && as_postgres "$(postgres_bin)/pg_ctl" --pgdata="$dir/data" --mode=immediate --wait --silent stop >/dev/null 2>&1) || true
  fi
  case "$dir" in */haven-postgres.*) rm -rf -- "$dir" ;; esac
}
