"""`dg scaffold defs coco_dagster.EncordCocoExport NAME`: a `defs.yaml` to start from."""

import re
from typing import Any

import dagster as dg
from dagster.components.component_scaffolding import scaffold_component
from pydantic import BaseModel, Field


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


class EncordCocoExportScaffolder(dg.Scaffolder[EncordCocoExportParams]):
    """Writes a `defs.yaml` that names the pipeline after its folder."""

    @classmethod
    def get_scaffold_params(cls) -> type[EncordCocoExportParams]:
        """Model of the options."""
        return EncordCocoExportParams

    def scaffold(self, request: dg.ScaffoldRequest[EncordCocoExportParams]) -> None:
        """Write the file.

        Args:
            request: where to, and with which options.
        """
        name = re.sub(r"\W", "_", request.target_path.stem, flags=re.ASCII)
        attributes: dict[str, Any] = {"name": name}
        attributes |= request.params.model_dump(exclude_none=True)
        scaffold_component(request, attributes)
