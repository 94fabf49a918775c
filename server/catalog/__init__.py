"""Catalog: what the YAML files say. Personas and plugins are read with positions, checked, and served live
with their last good version; versions, drafts and publishing stand on the same load. It never calls a plugin
or a model, and nothing it hands out changes afterwards.
"""

from __future__ import annotations

from server.catalog.catalog import Catalog, LoadedPersona, LoadedPlugin, PersonaState, PluginState
from server.catalog.check import looks_secret, mirror_function
from server.catalog.difference import Difference
from server.catalog.knowledge import Knowledge
from server.catalog.problems import Problem
from server.catalog.references import folded, references_in, reserved_names, strings_in, whole_reference
from server.catalog.report import check_paths, render
from server.catalog.schemas import persona_schema, plugin_schema
from server.catalog.studio import DraftState, KnowledgeInfo, Studio, VersionDetail, plain_spec
from server.catalog.templates import new_persona, new_plugin
from server.catalog.versions import VersionInfo

__all__ = [
    "Catalog",
    "Difference",
    "DraftState",
    "Knowledge",
    "KnowledgeInfo",
    "LoadedPersona",
    "LoadedPlugin",
    "PersonaState",
    "PluginState",
    "Problem",
    "Studio",
    "VersionDetail",
    "VersionInfo",
    "check_paths",
    "folded",
    "looks_secret",
    "mirror_function",
    "new_persona",
    "new_plugin",
    "persona_schema",
    "plain_spec",
    "plugin_schema",
    "references_in",
    "render",
    "reserved_names",
    "strings_in",
    "whole_reference",
]
