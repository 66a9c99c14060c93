# shellcheck shell=bash disable=SC2154
# SASL/PLAIN over TLS: who may come in, and the certificate that brokers show.
#   DATA/tls/ca.pem          what a client trusts (Python, kcat, anything on librdkafka)
#   DATA/tls/truststore.p12  the same for a client in Java
#   DATA/tls/keystore.p12    the brokers' key and certificate
#   DATA/tls/store-password  of both stores
#   DATA/credentials         user and password, so that restart needs no environment

prepare_tls() {
  [[ $security == sasl_ssl ]] || return 0
  command -v openssl > /dev/null || die "openssl is needed for --security sasl_ssl: run infra/scripts/install-system"
  openssl x509 -checkend 86400 -noout -in "$data/tls/ca.pem" &> /dev/null || make_certificates
  read_credentials
}

make_certificates() {
  rm -rf "$data/tls.new" "$data/tls"
  mkdir -p "$data/tls.new"
  (umask 077 && cd "$data/tls.new" && run_openssl) &> "$data/tls.log" || {
    tail -n 5 "$data/tls.log" >&2
    die "could not make the certificates (what openssl and keytool said: $data/tls.log)"
  }
  mv "$data/tls.new" "$data/tls"
}

run_openssl() {
  local key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -config "$here/tls.cnf")
  openssl rand -hex -out store-password 16 &&
    openssl req -x509 "${key[@]}" -extensions authority -days 825 \
      -subj '/CN=Codiflux local authority' -keyout ca.key -out ca.pem &&
    openssl req -new "${key[@]}" -subj /CN=localhost -keyout broker.key -out broker.csr &&
    openssl x509 -req -in broker.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 825 \
      -extfile "$here/tls.cnf" -extensions broker -out broker.pem &&
    openssl pkcs12 -export -name broker -inkey broker.key -in broker.pem -certfile ca.pem \
      -passout file:store-password -out keystore.p12 &&
    "${java%java}keytool" -importcert -noprompt -alias authority -file ca.pem \
      -storetype PKCS12 -storepass:file store-password -keystore truststore.p12 &&
    # Nothing else will ever be signed: without its key the authority cannot be misused.
    rm ca.key ca.srl broker.* &&
    chmod a+r ca.pem
}

read_credentials() {
  local file=$data/credentials
  if [[ -z ${CODIFLUX_KAFKA_PASSWORD-} ]]; then
    [[ -r $file ]] || die "--security sasl_ssl needs CODIFLUX_KAFKA_PASSWORD (and CODIFLUX_KAFKA_USER, else codiflux)"
    { read -r user; IFS= read -r password; } < "$file"
    return
  fi
  user=${CODIFLUX_KAFKA_USER:-codiflux} password=$CODIFLUX_KAFKA_PASSWORD
  [[ $user =~ ^[A-Za-z][A-Za-z0-9._-]*$ ]] || die "CODIFLUX_KAFKA_USER is a letter, then letters, digits or . _ -"
  # Kafka reads its settings as Latin-1, clients send UTF-8: beyond ASCII the two would differ.
  [[ $password =~ ^[\ -~]+$ ]] || die "CODIFLUX_KAFKA_PASSWORD takes printable ASCII characters only"
  (umask 077 && printf '%s\n' "$user" "$password" > "$file")
}

tls_settings() {
  local quoted=${password//\\/\\\\}
  quoted=${quoted//\"/\\\"} # for the login module, which unquotes it
  quoted=${quoted//\\/\\\\} # for the properties file, which does so before
  cat << END

sasl.enabled.mechanisms=PLAIN
listener.name.client.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_$user="$quoted";
listener.name.client.ssl.keystore.type=PKCS12
listener.name.client.ssl.keystore.location=$data/tls/keystore.p12
listener.name.client.ssl.keystore.password=$(< "$data/tls/store-password")
END
}
