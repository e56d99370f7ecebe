#!/bin/sh
# The open alerts of a site, and every change from then on:
#   open_alerts.sh bima -h 127.0.0.1 -p 1883
# What follows the site goes to mosquitto_sub. An open alert is a retained message; an empty one says that it is over.
site=$1
shift
mosquitto_sub -q 1 -t "imm/v1/$site/alert/+" -F '%t\t%p' "$@" | jq --unbuffered -Rr '
    split("\t") as [$topic, $alert]
    | if $alert == "" then "over \($topic / "/" | last)"
      else $alert | fromjson | "\(.severity) \(.id) \(.device): \(.title.en)" end'
