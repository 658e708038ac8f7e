// On a phone, scroll the row of sections to the one that is open.
export function keepInSight(link) {
  const row = link?.closest("ul");
  if (!row) return;
  const [outer, inner] = [row.getBoundingClientRect(), link.getBoundingClientRect()];
  row.scrollLeft += inner.left + inner.width / 2 - (outer.left + outer.width / 2);
}
