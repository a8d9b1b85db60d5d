#!/usr/bin/env bash
# Kafka, PostgreSQL and the three services as processes of this machine, for development.
# Usage: cluster.sh up [--replicas N] | down | status | logs [NAME]
# Everything is under .data/up and on loopback. `up` makes what is missing, plays the sample day and
# leaves all running; `down` ends what `up` started, by its pid, and keeps the data. `./dev` calls
# it after building. The ports are fixed, so that a second `up` finds the first.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

home=$PWD/.data/up
bin=build/release/services
cache=${XDG_CACHE_HOME:-$HOME/.cache}/pathways
kafka_home=${KAFKA_HOME:-$cache/kafka}
postgres=$(find /usr/lib/postgresql/15/bin -maxdepth 0 2>/dev/null || true)
services=(intake eligibility referral)
kafka_port=50092
controller_port=50093
postgres_port=50432
database() { echo "host=$home/socket port=$postgres_port user=pathways dbname=$1"; }

# Port of a replica: one range per service, then the gRPC, health and metrics ports of each replica.
port() { # service, replica, offset
  local base=0
  case $1 in
    intake) base=50100 ;;
    eligibility) base=50200 ;;
    referral) base=50300 ;;
  esac
  echo $((base + 10 * $2 + $3))
}

say() { echo "up: $*" >&2; }

# Runs as a user that PostgreSQL accepts: it refuses root.
as_postgres() {
  if ((EUID == 0)); then runuser -u nobody -- "$@"; else "$@"; fi
}

running() { # name
  local pid
  pid=$(cat "$home/$1.pid" 2>/dev/null) && kill -0 "$pid" 2>/dev/null
}

# Starts a command in the background unless it runs already. Its output goes to NAME.log.
start() { # name, command...
  local name=$1
  shift
  running "$name" && return
  setsid "$@" >>"$home/$name.log" 2>&1 </dev/null &
  echo $! >"$home/$name.pid"
}

# Tries a command until it succeeds, a second apart, at most 60 times.
await() { # what, command...
  local what=$1 try
  shift
  for ((try = 0; try < 60; try++)); do
    "$@" >/dev/null 2>&1 && return
    read -rt 1 <> <(:) || true
  done
  say "$what did not come up; see ./dev logs"
  return 1
}

# Ends what `start` started, first gently.
stop() { # name, signal
  running "$1" || return 0
  local pid try
  pid=$(cat "$home/$1.pid")
  kill "-$2" "$pid" 2>/dev/null || true
  for ((try = 0; try < 40; try++)); do
    kill -0 "$pid" 2>/dev/null || break
    read -rt 0.5 <> <(:) || true
  done
  kill -KILL "$pid" 2>/dev/null || true
  rm -f "$home/$1.pid"
}

start_postgres() {
  if [[ ! -d $home/postgres ]]; then
    install -d -m 700 "$home/postgres" "$home/socket"
    ((EUID != 0)) || chown nobody "$home/postgres" "$home/socket"
    as_postgres "$postgres/initdb" --pgdata "$home/postgres" --username pathways --auth trust \
      >>"$home/postgres.log"
  fi
  # The server reads its folder as another user where we are root.
  chmod 711 "$home" .data
  # For nine replicas of each service: more have no ports.
  start postgres "$(type -P env)" "${postgres_as[@]}" "$postgres/postgres" -D "$home/postgres" \
    -k "$home/socket" -p "$postgres_port" -c listen_addresses= -c max_connections=200
  await PostgreSQL "$postgres/pg_isready" -h "$home/socket" -p "$postgres_port"
  local name
  for name in "${services[@]}"; do
    psql -qtA "$(database postgres)" -c "SELECT 1 FROM pg_database WHERE datname = '$name'" |
      grep -q 1 || psql -q "$(database postgres)" -c "CREATE DATABASE $name"
  done
}

kafka_java() { java -Xmx512m "-Dlog4j2.configurationFile=$home/log4j2.xml" -cp "$kafka_home/libs/*" "$@"; }

start_kafka() {
  if [[ ! -d $home/kafka ]]; then
    cat >"$home/log4j2.xml" <<'XML'
<Configuration status="WARN"><Appenders><Console name="out"><PatternLayout pattern="%d{ISO8601} %p %c{1} %m%n"/></Console></Appenders>
<Loggers><Root level="WARN"><AppenderRef ref="out"/></Root></Loggers></Configuration>
XML
    # One broker: what is internal has one copy.
    cat >"$home/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller_port
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
listeners=PLAINTEXT://127.0.0.1:$kafka_port,CONTROLLER://127.0.0.1:$controller_port
advertised.listeners=PLAINTEXT://127.0.0.1:$kafka_port
log.dirs=$home/kafka
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
PROPERTIES
    kafka_java kafka.tools.StorageTool format -t "$(tr -d - </proc/sys/kernel/random/uuid | cut -c1-22)" \
      -c "$home/server.properties" >>"$home/kafka.log" 2>&1
  fi
  start kafka java -Xmx512m "-Dlog4j2.configurationFile=$home/log4j2.xml" -cp "$kafka_home/libs/*" \
    kafka.Kafka "$home/server.properties"
  await Kafka "$bin/pathways/pathways" topics create --kafka "127.0.0.1:$kafka_port" --replicas 1
}

make_keys() {
  local pathways=$bin/pathways/pathways agency
  "$pathways" keys init --data "$home" >/dev/null
  "$pathways" keys feed --file "$home/keys/feed-keys" >/dev/null
  for agency in unhcr-mx comar sne; do
    "$pathways" token show "agency/$agency" --data "$home" >/dev/null 2>&1 ||
      "$pathways" token add "agency/$agency" --roles agency --data "$home" >/dev/null
  done
  [[ -f $home/keys/service-token ]] || (
    umask 077
    "$pathways" token add service/pathways --roles service --data "$home" >"$home/keys/service-token"
  )
}

start_service() { # service, replica
  local name=$1 replica=$2 arguments
  arguments=(--listen "127.0.0.1:$(port "$name" "$replica" 1)"
    --health-listen "127.0.0.1:$(port "$name" "$replica" 2)"
    --metrics-listen "127.0.0.1:$(port "$name" "$replica" 3)"
    --database "$(database "$name")" --kafka "127.0.0.1:$kafka_port" --kafka-instance "$name-$replica"
    --reflection on
    --tokens "$home/keys/tokens" --master-key "$home/keys/master.key"
    --feed-keys "$home/keys/feed-keys"
    --service-token "$home/keys/service-token")
  case $name in
    intake)
      arguments+=(--eligibility-address "127.0.0.1:$(port eligibility 1 1)"
        --referral-address "127.0.0.1:$(port referral 1 1)" --facts policies/facts)
      ;;
    eligibility)
      arguments+=(--intake-address "127.0.0.1:$(port intake 1 1)" --policies policies/2023-07-28)
      ;;
    referral)
      arguments+=(--intake-address "127.0.0.1:$(port intake 1 1)"
        --eligibility-address "127.0.0.1:$(port eligibility 1 1)"
        --agencies samples/agencies.textproto)
      ;;
  esac
  start "$name-$replica" "$bin/$name/$name" "${arguments[@]}"
}

ready() { curl -sf "http://127.0.0.1:$1/readyz"; }

up() {
  local replicas=1 name replica
  while (($#)); do
    case $1 in
      --replicas)
        replicas=${2:?--replicas needs a number}
        shift
        ;;
      *)
        say "up does not know '$1'"
        exit 2
        ;;
    esac
    shift
  done
  mkdir -p "$home"
  make_keys
  say "PostgreSQL"
  start_postgres
  say "Kafka"
  start_kafka
  for name in "${services[@]}"; do
    "$bin/pathways/pathways" migrate --service "$name" --database "$(database "$name")"
  done
  for name in "${services[@]}"; do
    for ((replica = 1; replica <= replicas; replica++)); do start_service "$name" "$replica"; done
  done
  for name in "${services[@]}"; do
    for ((replica = 1; replica <= replicas; replica++)); do
      await "$name-$replica" ready "$(port "$name" "$replica" 3)"
    done
  done
  # The day of the first start, for a claim is in time for some weeks only.
  [[ -f $home/day/expected.json ]] || python3 -B samples/generate.py --day today --out "$home/day"
  "$bin/pathways/pathways" play --intake "127.0.0.1:$(port intake 1 1)" \
    --eligibility "127.0.0.1:$(port eligibility 1 1)" --referral "127.0.0.1:$(port referral 1 1)" \
    --tokens-file "$home/keys/tokens" --file "$home/day/tapachula-day.csv" \
    --answers samples/agency-answers.csv
  say "running; ./dev status shows the addresses, ./dev down ends it"
}

names() { find "$home" -maxdepth 1 -name '*.pid' -exec basename -s .pid {} + 2>/dev/null | sort; }

down() {
  local name
  # Services first: they let running calls end.
  for name in $(names); do [[ $name == kafka || $name == postgres ]] || stop "$name" TERM; done
  stop kafka TERM
  stop postgres INT # A fast shutdown: sessions are ended.
}

status() {
  local name state address
  [[ -n $(names) ]] || say "nothing was started, or all was ended; ./dev up starts it"
  for name in $(names); do
    state=ended
    running "$name" && state=running
    case $name in
      kafka) address=127.0.0.1:$kafka_port ;;
      postgres) address=$(database intake) ;;
      *) address="gRPC 127.0.0.1:$(port "${name%-*}" "${name##*-}" 1), metrics port $(port "${name%-*}" "${name##*-}" 3)" ;;
    esac
    printf '%-14s %-8s %s\n' "$name" "$state" "$address"
  done
}

logs() {
  if (($#)); then
    [[ -f $home/$1.log ]] || {
      say "no log '$1'; there are: $(find "$home" -maxdepth 1 -name '*.log' -exec basename -s .log {} + | sort | xargs)"
      exit 2
    }
    tail -n 100 "$home/$1.log"
  else
    tail -n 10 "$home"/*.log
  fi
}

# `start` needs one program with arguments, so that the pid is the server's own.
postgres_as=()
((EUID != 0)) || postgres_as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)

command=${1:?up, down, status or logs}
shift
case $command in
  up | down | status | logs) "$command" "$@" ;;
  *)
    say "no command '$command'"
    exit 2
    ;;
esac
