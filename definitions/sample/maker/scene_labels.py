"""Labels of the drawn pictures: places come from the drawings themselves."""

from typing import Final

from encord.objects import OntologyStructure
from encord.objects.bitmask import BitmaskCoordinates
from encord.objects.coordinates import GeometricCoordinates
from encord.objects.frames import Range

from definitions.sample.maker import harbour, phantom, yard
from definitions.sample.maker.identity import long_hash
from definitions.sample.maker.media import File, Media
from definitions.sample.maker.ontology import RELATION
from definitions.sample.maker.photo_labels import ellipse_points
from definitions.sample.maker.rows import Answer, LabelRow, RowMaker
from definitions.sample.maker.shapes import Ruler

FRAMES_PER_SECOND: Final = 0.5
FERRY_METRES: Final = 60
KNOTS_PER_METRE_PER_SECOND: Final = 1.943844
HARBOUR_DATASET: Final = "Harbour cameras"
VIDEO_TITLE: Final = "harbour-cam-2.mp4"
SERIES_TITLE: Final = "chest-phantom"
YARD_TITLE: Final = "container-yard-cameras"
YARD_CAMERAS: Final = {"gate": "gate-east.jpg", "mast": "mast-south.jpg"}
LABELLED_SLICES: Final = tuple(
    index for index in range(phantom.SLICES) if phantom.nodule_radius(index)
)
"""The slices that show the nodule."""

Changing = list[tuple[list[int], dict[str, Answer]]]


def harbour_row(structure: OntologyStructure) -> LabelRow:
    """The video: tracks, one with a gap, dynamic attributes, classifications over ranges."""
    frames = range(harbour.FRAMES)
    size = (harbour.WIDTH, harbour.HEIGHT)
    file = File(VIDEO_TITLE, long_hash("video", VIDEO_TITLE), size, "video/mp4")
    media = Media(
        VIDEO_TITLE,
        "video",
        HARBOUR_DATASET,
        2,
        [file],
        number_of_frames=harbour.FRAMES,
        frames_per_second=FRAMES_PER_SECOND,
    )
    row = RowMaker(structure, media)
    ruler = Ruler(size)
    _draw_vessels(row, ruler)
    boats = {f: harbour.sail_box(f) for f in frames if f not in harbour.HIDDEN_SAIL_FRAMES}
    row.draw(
        "Sailing boat",
        "sailing boat",
        {f: ruler.turned_box(*box, heel) for f, (box, heel) in boats.items()},
        {"Rig": "Sloop, two sails"},
    )
    row.draw("Tow line", "tow line", {f: ruler.polyline(harbour.tow_line(f)) for f in frames})
    row.draw("Buoy lamp", "buoy", {f: ruler.point(harbour.buoy_lamp(f)) for f in frames})
    arms = ruler.polygon(*([arm] for arm in harbour.BREAKWATER))
    row.draw("Breakwater", "breakwater", dict.fromkeys(frames, arms))
    last = harbour.FRAMES - 1
    row.classify("Scene", {"Scene": "Outdoors", "Weather": "Clear"}, Range(0, last))
    shaken = harbour.SHAKEN_FRAME
    row.classify("Image quality", {"Image quality": ["Motion blur"]}, Range(shaken, shaken))
    row.classify("Caption", {"Caption": "The ferry enters under tow"}, Range(0, 2))
    row.classify("Caption", {"Caption": "The sailing boat is hidden by the ferry"}, Range(3, 4))
    row.classify("Site", {"Site": "North quay"})
    return row.finish()


def series_row(structure: OntologyStructure) -> LabelRow:
    """The DICOM series, labelled where the nodule shows."""
    size = (phantom.SIZE, phantom.SIZE)
    file = File(SERIES_TITLE, long_hash("dicom", SERIES_TITLE), size, "application/dicom")
    media = Media(SERIES_TITLE, "dicom", "CT phantom", 3, [file], number_of_frames=phantom.SLICES)
    row = RowMaker(structure, media)
    ruler = Ruler(size)
    nodule = {
        i: ruler.circle(*phantom.NODULE_CENTRE, phantom.nodule_radius(i)) for i in LABELLED_SLICES
    }
    sizes: Changing = [
        ([i], {"Diameter in mm": round(2 * phantom.nodule_radius(i) * phantom.PIXEL_MM, 1)})
        for i in LABELLED_SLICES
    ]
    row.draw("Nodule", "nodule", nodule, {"Density": "Solid", "Margin": "Smooth"}, changing=sizes)
    for side in ("Right", "Left"):
        masks = {i: BitmaskCoordinates(phantom.lung_mask(i, side.lower())) for i in LABELLED_SLICES}
        row.draw("Lung", f"{side} lung", masks, {"Side": side})
    (bone, bone_rx, bone_ry), (canal, canal_rx, canal_ry) = phantom.VERTEBRA, phantom.CANAL
    ring = ruler.polygon(
        [
            ellipse_points(*bone, bone_rx, bone_ry),
            ellipse_points(*canal, canal_rx, canal_ry, number=16),
        ]
    )
    row.draw("Vertebra", "vertebra", dict.fromkeys(LABELLED_SLICES, ring))
    row.classify(
        "Image quality",
        {"Image quality": ["Noise"]},
        Range(LABELLED_SLICES[0], LABELLED_SLICES[-1]),
    )
    return row.finish()


def yard_row(structure: OntologyStructure) -> LabelRow:
    """The data group: two cameras on the same containers."""
    sizes = {"gate": yard.GATE_SIZE, "mast": yard.MAST_SIZE}
    spaces = {
        key: File(title, long_hash("image", title), sizes[key])
        for key, title in YARD_CAMERAS.items()
    }
    row = RowMaker(structure, Media(YARD_TITLE, "group", HARBOUR_DATASET, 2, spaces=spaces))
    gate, mast = Ruler(yard.GATE_SIZE), Ruler(yard.MAST_SIZE)
    paint = {yard.BLUE: "Blue", yard.RUST: "Rust red", yard.GREEN: "Green"}
    for code, container in yard.GATE.items():
        corners = container.corners()
        shapes: dict[str, GeometricCoordinates] = {
            "gate": gate.cuboid_to(corners, yard.VANISHING_POINT, container.scale)
        }
        if code in yard.MAST:
            shapes["mast"] = mast.cuboid_by(yard.MAST[code].corners(), yard.OFFSET)
        answers = {"Container number": code, "Paint": paint[container.colour]}
        below = {RELATION: row.object_hash("DEMU 100201")} if code == "DEMU 100202" else {}
        row.draw("Container", code, shapes, answers | below)
    row.draw("Lorry", "lorry", {"gate": gate.box(*yard.GATE_LORRY)})
    for key in YARD_CAMERAS:
        row.classify("Scene", {"Scene": "Outdoors", "Weather": "Clear"}, key)
    return row.finish()


def _draw_vessels(row: RowMaker, ruler: Ruler) -> None:
    frames = range(harbour.FRAMES)
    row.draw(
        "Vessel",
        "ferry",
        {f: ruler.box(*harbour.ferry_box(f)) for f in frames},
        {
            "Vessel type": "Ferry",
            "Propulsion": "Diesel",
            "Engine note": "Grey smoke from the funnel",
            "Equipment": ["Radar mast", "Funnel"],
            "Name on the hull": "NORDLYS",
            "Length in metres": FERRY_METRES,
        },
        changing=_ferry_motion(),
    )
    row.draw(
        "Vessel",
        "tug",
        {f: ruler.box(*harbour.tug_box(f)) for f in frames},
        {
            "Vessel type": "Tug",
            "Equipment": ["Funnel", "Tow hook"],
            "Length in metres": 16.5,
            RELATION: row.object_hash("ferry"),
        },
        changing=[
            (list(frames), {"Ends in view": ["Bow", "Stern"], "Manoeuvre": "Towing the ferry"}),
            (list(frames)[:4], {"Motion": "Under way"}),
            (list(frames)[4:], {"Motion": "Slowing down"}),
        ],
    )
    pilot = {f: ruler.box(*harbour.pilot_box(f)) for f in harbour.PILOT_LEFT}
    row.draw(
        "Vessel",
        "pilot boat",
        pilot,
        {"Vessel type": "Pilot boat", "Equipment": []},
        changing=[
            ([5], {"Ends in view": ["Bow"]}),
            ([6, 7], {"Ends in view": ["Bow", "Stern"]}),
            ([5, 6, 7], {"Motion": "Under way"}),
        ],
    )


def _ferry_motion() -> Changing:
    length = harbour.ferry_box(0)[2]
    steps = [b - a for a, b in zip(harbour.FERRY_LEFT, harbour.FERRY_LEFT[1:], strict=False)]
    factor = FERRY_METRES / length * FRAMES_PER_SECOND * KNOTS_PER_METRE_PER_SECOND
    speeds: Changing = [
        ([f], {"Speed in knots": round(step * factor, 1)}) for f, step in enumerate(steps)
    ]
    return [
        ([0, 1, 2, 3], {"Motion": "Under way", "Manoeuvre": "Under tow into the harbour"}),
        ([4, 5, 6], {"Motion": "Slowing down"}),
        ([7], {"Motion": "Nearly stopped"}),
        ([4, 5, 6, 7], {"Manoeuvre": "Slowing for the berth"}),
        (list(range(harbour.FRAMES)), {"Ends in view": ["Bow", "Stern"]}),
        *speeds,
    ]
