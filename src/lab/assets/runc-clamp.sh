#!/bin/sh
# runc that asks only for what a lab host has: no negative OOM score, neither CAP_SYS_RESOURCE nor CAP_SYS_TIME.
bundle=. creating= expected=
for word; do
  if [ -n "$expected" ]; then bundle=$word expected=; continue; fi
  case $word in
    --bundle | -b) expected=yes ;;
    --bundle=*) bundle=${word#*=} ;;
    create | run) creating=yes ;;
  esac
done
if [ -n "$creating" ] && [ -f "$bundle/config.json" ]; then
  /usr/local/lib/lab/jq -c '
    if (.process.oomScoreAdj // 0) < 0 then .process.oomScoreAdj = 0 else . end
    | if .process.capabilities
      then .process.capabilities |= map_values(map(select(. != "CAP_SYS_RESOURCE" and . != "CAP_SYS_TIME")))
      else . end' "$bundle/config.json" >"$bundle/config.json.lab" && mv "$bundle/config.json.lab" "$bundle/config.json"
fi
exec /usr/sbin/runc "$@"
