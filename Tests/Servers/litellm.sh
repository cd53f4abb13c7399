# shellcheck shell=bash disable=SC2154
# The LiteLLM proxy before vLLM, or before llama.cpp; sourced by Scripts/test-servers.
measure_litellm() {
    local endpoint
    if ! "$SUBMETER_REAL/litellm/bin/python" -c 'from importlib.metadata import version; version("litellm-proxy-extras")' 2>/dev/null; then
        echo "installing LiteLLM; this takes some minutes" >&2
        timeout 1800 bash "$real/litellm/install.sh" >&2 || { echo "skipped: LiteLLM: PyPI is out of reach"; return; }
    fi
    export SERVERS_GATEWAY_KEY=sk-submeter-tests
    sed "s#@MODEL@#$gateway_model#; s#@BASE@#$gateway_base#" Tests/Servers/litellm/config.yaml.in >"$folder/litellm.yaml"
    serve "litellm-$gateway_port" bash "$real/litellm/start.sh" "$gateway_port" "$folder/litellm.yaml" ||
        { echo "skipped: LiteLLM: it does not start"; return; }
    echo "LiteLLM stands before $gateway_engine"
    measure litellm litellm/plan.yaml
    rank litellm
    judge scripted "$gateway_engine" "$folder/litellm.attempts" "$folder/litellm.events"
    judge cost "$folder/litellm.attempts"
    SERVERS_WRONG_KEY=sk-wrong measure litellm-refusals litellm/refusals-plan.yaml
    for endpoint in litellm-chat litellm-messages litellm-gemini; do
        judge outcome "$endpoint" 400 context-length "$folder/litellm-refusals.attempts"
    done
    judge outcome litellm-unknown 400 not-found "$folder/litellm-refusals.attempts"
    judge outcome litellm-wrong-key 400 authentication "$folder/litellm-refusals.attempts"
    judge outcome litellm-dead 500 server "$folder/litellm-refusals.attempts"
    judge outcome litellm-limited 429 rate-limited "$folder/litellm-refusals.attempts"
    end "$SUBMETER_REAL/litellm-$gateway_port.pid"
    # Its processes never rest; the router's part is timed.
    end "$SUBMETER_REAL/vllm-$vllm_port.pid"
}
