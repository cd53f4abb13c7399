# shellcheck shell=bash disable=SC2154
# sglang-router before two llama.cpp servers; sourced by Scripts/test-servers.
measure_router() {
    local killer workers=("http://127.0.0.1:$worker_port" "http://127.0.0.1:$victim_port")
    if ! "$SUBMETER_REAL/router/bin/python" -c 'from importlib.metadata import version; version("sglang-router")' 2>/dev/null; then
        { python3 -m venv "$SUBMETER_REAL/router" &&
            "$SUBMETER_REAL/router/bin/python" -m pip install --quiet --disable-pip-version-check sglang-router; } >&2 ||
            { echo "skipped: sglang-router: PyPI is out of reach"; return; }
    fi
    serve "llama-$worker_port" bash "$real/llamacpp/start.sh" "$worker_port" 4
    serve "llama-$victim_port" bash "$real/llamacpp/start.sh" "$victim_port" 4
    serve "router-$router_port" bash "$real/router/start.sh" "$router_port" round_robin "${workers[@]}" ||
        { echo "skipped: sglang-router: it does not start"; return; }

    # One request at a time, and nobody waits: 429. One at a time, and a second of waiting for the others: 408.
    ROUTER_EXTRA='--max-concurrent-requests 1 --queue-size 0' \
        serve "router-$full_port" bash "$real/router/start.sh" "$full_port" round_robin "${workers[@]}"
    ROUTER_EXTRA='--max-concurrent-requests 1 --queue-size 100 --queue-timeout-secs 1' \
        serve "router-$queue_port" bash "$real/router/start.sh" "$queue_port" round_robin "${workers[@]}"
    measure router-limits router/limits-plan.yaml
    judge refused router-full 429 rate-limited "$folder/router-limits.attempts"
    judge refused router-queue 408 overloaded "$folder/router-limits.attempts"

    python3 Tests/Servers/router/kill_at_work.py "$(cat "$SUBMETER_REAL/llama-$victim_port.pid")" "${workers[1]}" 2000 >"$folder/killed" &
    killer=$!
    measure router router/plan.yaml
    wait "$killer"
    judge killed "$(cat "$folder/killed")" "$folder/router.attempts"
}
