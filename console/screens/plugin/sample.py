"""A plugin to copy, for those who have none."""

from __future__ import annotations

from typing import Final

SAMPLE: Final = """\
# plugins.d/my_service.yaml: functions over HTTP. Name it under `plugins` of a persona.
kind: http
description: What the service knows about a customer
base_url: https://set-me.invalid/v1     # the address of your service
# headers: {Authorization: "Bearer ${secret.MY_SERVICE_TOKEN}"}

functions:
  # Called before every answer; the model sees the result.
  - name: get_account
    description: What we know about this customer
    force_call: true
    request: {method: GET, path: "/customers/${user.id}"}

  # Called by the model. `parameters` is all that it may fill in.
  - name: find_orders
    description: Orders of this customer that hold these words
    parameters:
      type: object
      properties:
        words: {type: string, maxLength: 100, description: Words of the order}
      required: [words]
      additionalProperties: false
    request: {method: GET, path: "/customers/${user.id}/orders", query: {q: "${args.words}"}}
"""
