#!/usr/bin/env bash
# The whole flow with curl: a model, a collector, predictions, what was kept.
# Python picks values out of the JSON answers, and does nothing else.
#
#   export CLARIFAI_PAT=...   # as `bowerbird users create` printed it
#   ./collect_with_curl.sh [http://127.0.0.1:8080]
set -euo pipefail
cd "$(dirname "$0")"
BASE=${1:-http://127.0.0.1:8080}
: "${CLARIFAI_PAT:?set it to a personal access token}"
APP="brightness-$$-$RANDOM"

call() { # METHOD PATH [BODY, or - for standard input]
  curl --silent --show-error --noproxy '*' --request "$1" "$BASE$2" \
    --header "Authorization: Key $CLARIFAI_PAT" --header "Content-Type: application/json" \
    ${3:+--data-binary "${3/#-/@-}"} | check "$1 $2"
}

check() { # passes an answer on when its status is a success
  python3 -c '
import json, sys
answer = json.load(sys.stdin)
if answer["status"]["code"] != 10000:
    sys.exit(sys.argv[1] + ": " + json.dumps(answer["status"]))
json.dump(answer, sys.stdout)' "$1"
}

pick() { # EXPRESSION over the answer `a`
  python3 -c 'import json, sys; a = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"
}

encoded() { base64 < "$1" | tr -d '\n'; }

USER_ID=$(call GET /v2/users/me | pick 'a["user"]["id"]')
call POST "/v2/users/$USER_ID/apps" "{\"apps\": [{\"id\": \"$APP\"}]}" > /dev/null
HERE="/v2/users/$USER_ID/apps/$APP"
trap 'call DELETE "$HERE" > /dev/null && echo "deleted the app, and all that was in it"' EXIT
echo "app $USER_ID/$APP"

# A model in production: an ONNX file and its manifest, in a zip.
call POST "$HERE/models" - > /dev/null << JSON
{"models": [{"id": "brightness", "model_type_id": "visual-classifier", "model_version":
  {"pretrained_model_config": {"model_zip_url": "data:application/zip;base64,$(encoded brightness.zip)"}}}]}
JSON

# What to keep: predictions of at most 80 %.
call POST "$HERE/models" '{"models": [{"id": "unsure", "model_type_id": "prediction-score-filter",
  "output_info": {"params": {"score": "max_prob", "hi": 0.8}}}]}' > /dev/null
call POST "$HERE/workflows" '{"workflows": [{"id": "worth-a-look",
  "nodes": [{"id": "unsure", "model": {"id": "unsure"}}]}]}' > /dev/null

# The collector posts with a key that may do just that.
KEY=$(call POST "/v2/users/$USER_ID/keys" - << JSON | pick 'a["keys"][0]["id"]'
{"keys": [{"type": "app_specific_key", "description": "posts what the collector keeps",
  "apps": [{"id": "$APP", "user_id": "$USER_ID"}],
  "scopes": ["Inputs:Add", "Inputs:Get", "Annotations:Add", "Annotations:Get", "Concepts:Add",
    "Concepts:Get", "Models:Get", "Workflows:Get", "Predict"]}]}
JSON
)
call POST "$HERE/collectors" - > /dev/null << JSON
{"collectors": [{"id": "hard-cases", "pre_queue_workflow_id": "worth-a-look", "collector_source":
  {"api_post_model_outputs_collector_source": {"model_user_id": "$USER_ID", "model_app_id": "$APP",
    "model_id": "brightness", "post_inputs_key_id": "$KEY"}}}]}
JSON
echo "collector hard-cases"

# Predictions, as any caller would make them.
for picture in dark grey bright; do
  call POST "$HERE/models/brightness/outputs" - << JSON |
{"inputs": [{"data": {"image": {"base64": "$(encoded "$picture.png")"},
  "metadata": {"picture": "$picture"}}}]}
JSON
    pick "'predicted $picture: %(name)s %(value).2f' % a['outputs'][0]['data']['concepts'][0]"
done

# The worker posts what was taken within a second or so.
for _ in $(seq 60); do
  FOUND=$(call GET "$HERE/inputs" | pick \
    '" ".join(sorted(i["data"]["metadata"]["picture"] for i in a.get("inputs", [])))')
  [ -n "$FOUND" ] && break
  sleep 0.5
done
echo "kept ${FOUND:-nothing}"
[ "$FOUND" = grey ]
