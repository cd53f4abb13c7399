# shellcheck shell=bash disable=SC2154
# nginx with TLS before llama.cpp; sourced by Scripts/test-servers.
measure_secure() {
    command -v nginx >/dev/null || { echo "skipped: TLS servers: nginx is not there"; return; }
    local place=$folder/tls
    bash "$real/tls/make_ca.sh" "$place" >&2
    mkdir -p "$place"/{b,p,f,u,s}
    # The workers of nginx are nobody's.
    chmod 755 "$folder" "$place"
    sed "s#@D@#$place#g" "$real/tls/nginx.conf.in" >"$place/nginx.conf"
    nginx -c "$place/nginx.conf" -e "$place/nginx-error.log" >&2 &
    nginx=$!
    for _ in $(seq 100); do
        (exec 3<>/dev/tcp/127.0.0.1/19480) 2>/dev/null && break
        kill -0 "$nginx" 2>/dev/null || { cat "$place/nginx-error.log" >&2; exit 1; }
        sleep 0.05
    done
    SSL_CERT_FILE=$place/ca.pem measure tls tls-plan.yaml
    judge tls "$folder/tls.attempts"
    measure unknown unknown-authority-plan.yaml
    judge tls "$folder/unknown.attempts"
}
