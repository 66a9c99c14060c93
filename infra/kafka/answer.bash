# shellcheck shell=bash disable=SC2154
# Whether a broker answers, asked in Kafka's own protocol: a listening port says too little (the
# broker may still be fenced), and a client in Java would cost a second of processor at each try.

# ask PORT REQUEST: what the broker replies, as hexadecimal without the length.
ask() {
  (
    exec 3<> "/dev/tcp/127.0.0.1/$1"
    printf %b "$2" >&3
    size=$(timeout 3 head -c 4 <&3 | od -An -v -tx1 | tr -d ' \n')
    timeout 3 head -c "$((16#${size:-0}))" <&3 | od -An -v -tx1 | tr -d ' \n'
  ) 2> /dev/null
}

# Each begins with its length, the key and the version of the request, a number, and no client name.
metadata_of_no_topic='\x00\x00\x00\x0e\x00\x03\x00\x01\x00\x00\x00\x01\xff\xff\x00\x00\x00\x00'
coordinator_of_group='\x00\x00\x00\x11\x00\x0a\x00\x00\x00\x00\x00\x01\xff\xff\x00\x05group'

# members PORT: the brokers that the one behind this port sees alive, itself among them once it
# is let in; each between spaces.
members() {
  local hex at=16 count host
  hex=$(ask "$1" "$metadata_of_no_topic") || return 1
  ((${#hex} >= at)) || return 1
  count=$((16#${hex:8:8}))
  printf ' '
  while ((count-- > 0)); do
    printf '%d ' "$((16#${hex:at:8}))"
    host=$((16#${hex:at+8:4}))
    at=$((at + 8 + 4 + 2 * host + 8 + 4)) # number, host, port, no rack
  done
}

# answers BROKER OTHER...: it answers, and sees the others alive.
answers() {
  local seen other
  seen=$(members "$(internal_port "$1")") || return 1
  for other; do [[ $seen == *" $other "* ]] || return 1; done
}

# coordinates BROKER: a group can be joined. The first to ask makes the broker create its topic of
# offsets, a matter of 0.2 s here, where a client would try again after seconds only.
coordinates() {
  local hex
  hex=$(ask "$(internal_port "$1")" "$coordinator_of_group") || return 1
  [[ ${hex:8:4} == 0000 ]]
}
