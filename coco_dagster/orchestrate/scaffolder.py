"""`dg scaffold defs coco_dagster.EncordCocoExport NAME`: a `defs.yaml` to start from."""

import json
import re
import textwrap
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Final

import dagster as dg
from dagster.components.component_scaffolding import scaffold_component
from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo

_WIDTH: Final = 96
_INDENT: Final = "  # "


class EncordCocoExportParams(BaseModel):
    """What `dg scaffold defs` asks for on its command line."""

    labels: str = Field(
        default="labels", description="File, folder, zip or fsspec URL of the label rows."
    )
    ontology: str | None = Field(
        default=None, description="Ontology file; left out: derived from the label rows."
    )
    storage: str | None = Field(
        default=None, description="Folder or fsspec URL for tables and exports."
    )
    profile: str | None = Field(
        default=None, description="How annotations are rendered: encord, training or strict."
    )
    partition_by: str | None = Field(
        default=None, description="What partitions are: none, dataset or shard."
    )


class EncordCocoExportScaffolder(dg.Scaffolder[EncordCocoExportParams]):
    """Writes a `defs.yaml` that names the pipeline after its folder and explains every setting."""

    @classmethod
    def get_scaffold_params(cls) -> type[EncordCocoExportParams]:
        """Model of the options."""
        return EncordCocoExportParams

    def scaffold(self, request: dg.ScaffoldRequest[EncordCocoExportParams]) -> None:
        """Write the file.

        Args:
            request: where to, and with which options.
        """
        is_file = request.append
        folder = request.target_path.parent if is_file else request.target_path
        name = re.sub(r"\W", "_", folder.stem, flags=re.ASCII)
        attributes: dict[str, Any] = {"name": f"{name}_2" if is_file else name}
        attributes |= request.params.model_dump(exclude_none=True)
        scaffold_component(request, attributes)
        if request.scaffold_format == "yaml":
            path = request.target_path if is_file else request.target_path / "defs.yaml"
            _explain(path, attributes)


def _explain(path: Path, given: Collection[str]) -> None:
    """Add the settings that were not given as comments, with what they do and an example."""
    from coco_dagster.orchestrate.component import EncordCocoExport
    from coco_dagster.orchestrate.export_options import ExportOptions

    fields = EncordCocoExport.model().model_fields
    of_export = [name for name in fields if name in ExportOptions.model_fields]
    of_pipeline = [name for name in fields if name not in of_export]
    lines = ["", f"{_INDENT}All other settings; the values are examples."]
    for name in (*of_pipeline, *of_export):
        if name not in given:
            lines += _explained(name, fields[name])
    with path.open("a", encoding="utf-8") as file:
        file.write("\n".join(line.rstrip() for line in lines) + "\n")


def _explained(name: str, field: FieldInfo) -> Iterator[str]:
    yield _INDENT
    yield from textwrap.wrap(
        field.description or "", _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT
    )
    # JSON is YAML.
    example = json.dumps((field.examples or [None])[0], ensure_ascii=False)
    yield f"{_INDENT}{name}: {example}"
