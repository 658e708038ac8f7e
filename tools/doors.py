"""Custom import-linter contract: a room is entered only through its doors."""

from importlinter import Contract, ContractCheck, fields, output


class Doors(Contract):
    """Cross-room imports must end at one of the room's public modules."""

    rooms = fields.ListField(subfield=fields.StringField())
    doors = fields.SetField(subfield=fields.StringField())

    def check(self, graph, verbose):
        rooms = {r: self._rooms_below(graph, r) for r in self.rooms}
        flat = sorted(
            {room for found in rooms.values() for room in found}, key=len, reverse=True
        )
        broken = []
        for importer in sorted(graph.modules):
            for imported in graph.find_modules_directly_imported_by(importer):
                room = next(
                    (r for r in flat if imported == r or imported.startswith(r + ".")),
                    None,
                )
                if room is None or importer == room or importer.startswith(room + "."):
                    continue
                door = imported.removeprefix(room + ".").split(".")[0]
                if door not in self.doors:
                    broken.append((importer, imported))
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    @staticmethod
    def _rooms_below(graph, pattern):
        if pattern.endswith(".*"):
            return set(graph.find_children(pattern[:-2]))
        return {pattern}

    def render_broken_contract(self, check):
        for importer, imported in check.metadata["broken"]:
            output.print_error(
                f"{importer} climbs in through a window: {imported}", bold=False
            )
