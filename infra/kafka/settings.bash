# shellcheck shell=bash disable=SC2154
# The settings file of a broker, and the storage that Kafka wants formatted before its first start.

write_settings() {
  local home
  home=$(home_of "$1")
  mkdir -p "$home"
  (
    umask 077 # a password may be in it
    { common_settings "$1"; [[ $security == plaintext ]] || tls_settings; } > "$home/server.properties"
  )
}

common_settings() {
  local in_sync=$((brokers == 3 ? 2 : 1)) protocol=PLAINTEXT
  [[ $security == plaintext ]] || protocol=SASL_SSL
  cat << END
process.roles=broker,controller
node.id=$1
log.dirs=$(home_of "$1")/data
listeners=CLIENT://$(client_address "$1"),INTERNAL://$(internal_address "$1"),CONTROLLER://$(controller_address "$1")
advertised.listeners=CLIENT://$(client_address "$1"),INTERNAL://$(internal_address "$1")
listener.security.protocol.map=CLIENT:$protocol,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=INTERNAL
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=$(every controller_address)

# A topic is made on purpose, with its partitions and retention, or not at all.
auto.create.topics.enable=false
default.replication.factor=$brokers
min.insync.replicas=$in_sync
offsets.topic.replication.factor=$brokers
transaction.state.log.replication.factor=$brokers
transaction.state.log.min.isr=$in_sync
share.coordinator.state.topic.replication.factor=$brokers
share.coordinator.state.topic.min.isr=$in_sync

# One machine, few groups: fifty partitions of each would only slow the first join.
offsets.topic.num.partitions=12
transaction.state.log.num.partitions=12
group.initial.rebalance.delay.ms=$delay
# Whoever tests what happens after a kill need not wait the usual 6 s for it to be noticed.
group.min.session.timeout.ms=3000

# A killed broker's partitions move, and it is let in again, once its session is over.
broker.heartbeat.interval.ms=1000
broker.session.timeout.ms=6000

# The 128 MB that Kafka would take is a quarter of the heap.
log.cleaner.dedupe.buffer.size=16777216
END
}

format() {
  local home quorum=(--standalone)
  home=$(home_of "$1")
  [[ -e $home/data/meta.properties ]] && return
  ((brokers == 1)) || quorum=(--initial-controllers "$(every initial_controller)")
  "$java" -Xmx256m -XX:TieredStopAtLevel=1 -cp "$jars/libs/*" \
    -Dlog4j2.configurationFile="$here/log4j2.xml" -Dcodiflux.kafka.log="$home/format.log" \
    kafka.tools.StorageTool format --cluster-id "$cluster_id" --config "$home/server.properties" \
    "${quorum[@]}" > "$home/console.log" 2>&1 || {
    tail -n 5 "$home/console.log" >&2
    die "could not format $home/data"
  }
}
