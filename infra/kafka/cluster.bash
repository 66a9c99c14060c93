# shellcheck shell=bash disable=SC2034,SC2154
# One cluster: what start was told, kept in DATA/cluster so that stop, status and restart need no
# options; and where each of its brokers keeps its files and listens.

recall() {
  brokers=1 port=9092 security=plaintext delay=100 cluster_id='' directory_ids=''
  local name value
  # Until something is formatted, a start that failed binds to nothing.
  if [[ -r $data/cluster ]] && compgen -G "$data/broker-*/data/meta.properties" > /dev/null; then
    while IFS='=' read -r name value; do
      case $name in
        brokers | port | security | delay | cluster_id | directory_ids) printf -v "$name" %s "$value" ;;
      esac
    done < "$data/cluster"
    # The members of the quorum and their ports are written in the brokers' own data.
    [[ ${asked_brokers:-$brokers} == "$brokers" ]] ||
      die "$data holds a cluster of --brokers $brokers: leave that, or take another --data"
    [[ ${asked_port:-$port} == "$port" ]] ||
      die "$data holds a cluster on --port $port: leave that, or take another --data"
  fi
  brokers=${asked_brokers:-$brokers} port=${asked_port:-$port}
  ((${asked_broker:-1} <= brokers)) || misused "there is no broker $asked_broker in a cluster of $brokers"
  if [[ $asked_broker ]]; then chosen=("$asked_broker"); else mapfile -t chosen < <(seq "$brokers"); fi
}

# settle: takes over what was asked for this start; a running broker cannot follow.
settle() {
  local part wanted_security=${asked_security:-$security} wanted_delay=${asked_delay:-$delay}
  if [[ $wanted_security/$wanted_delay != "$security/$delay" ]]; then
    for ((part = 1; part <= brokers; part++)); do
      ! is_running "$part" ||
        die "broker $part runs with --security $security --rebalance-delay $delay: stop it first, or restart"
    done
  fi
  security=$wanted_security delay=$wanted_delay
  if [[ -z $cluster_id ]]; then
    cluster_id=$(random_id)
    for ((part = 1; part <= brokers; part++)); do directory_ids+="$(random_id) "; done
  fi
  printf '%s\n' "brokers=$brokers" "port=$port" "security=$security" "delay=$delay" \
    "cluster_id=$cluster_id" "directory_ids=$directory_ids" > "$data/cluster.new"
  mv "$data/cluster.new" "$data/cluster"
}

# Kafka's form of an identifier, 16 bytes as 22 letters; a first '-' would read as an option.
random_id() { printf 'A%s\n' "$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c 2-22)"; }

home_of() { echo "$data/broker-$1"; }
pid_file() { echo "$data/broker-$1/pid"; }
mark_of() { echo "$data/broker-$1/server.properties"; }
is_running() { running "$(pid_file "$1")" "$(mark_of "$1")"; }

client_port() { echo $((port + $1 - 1)); }
controller_port() { echo $((port + $1 + 2)); }
internal_port() { echo $((port + $1 + 5)); }
client_address() { echo "127.0.0.1:$(client_port "$1")"; }
controller_address() { echo "127.0.0.1:$(controller_port "$1")"; }
internal_address() { echo "127.0.0.1:$(internal_port "$1")"; }

initial_controller() {
  local ids
  read -ra ids <<< "$directory_ids"
  echo "$1@$(controller_address "$1"):${ids[$1 - 1]}"
}

# every FUNCTION: what it prints for each broker of the cluster, joined by commas.
every() {
  local part all=()
  for ((part = 1; part <= brokers; part++)); do all+=("$("$1" "$part")"); done
  local IFS=,
  echo "${all[*]}"
}
