# shellcheck shell=bash disable=SC2154
# Java, and Kafka's jars: fetched once by Maven, checked against jars.sha256, never fetched again.

version=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$here/pom.xml")
jars=$(readlink -m -- "${CODIFLUX_KAFKA_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/codiflux/kafka-$version}")

find_java() {
  java=${JAVA_HOME:+$JAVA_HOME/bin/}java
  local found
  found=$("$java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p') || true
  [[ $found ]] || die "no Java found: run infra/scripts/install-system, or set JAVA_HOME"
  ((found >= 17)) || die "Java $found found, 17 or later needed: run infra/scripts/install-system, or set JAVA_HOME"
}

# The list of the jars is copied beside them last: where it is, they all are.
are_installed() { cmp -s "$here/jars.sha256" "$jars/jars.sha256"; }

install_jars() {
  are_installed && return
  mkdir -p "$jars"
  local lock
  exec {lock}> "$jars/lock"
  flock "$lock"
  # Another run may have fetched them while this one waited.
  are_installed || fetch_jars
  exec {lock}>&-
}

fetch_jars() {
  command -v mvn > /dev/null || die "Maven is needed to fetch Kafka $version: run infra/scripts/install-system"
  say "fetching Kafka $version into $jars"
  rm -rf "$jars/libs" "$jars/jars.sha256"
  mvn --batch-mode --quiet --strict-checksums -f "$here/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$jars/libs" > "$jars/maven.log" 2>&1 || {
    tail -n 20 "$jars/maven.log" >&2
    die "Maven could not fetch Kafka $version (what it said: $jars/maven.log)"
  }
  (cd "$jars/libs" && sha256sum --quiet --strict -c "$here/jars.sha256") >&2 ||
    die "a jar in $jars/libs is not the one that infra/kafka/jars.sha256 names"
  cp "$here/jars.sha256" "$jars/jars.sha256"
}
