// Beside a link that can be selected and copied by hand: buttons that copy and share it.
export function shareable(elements) {
  for (const element of elements) {
    const field = element.querySelector("input");
    const row = element.querySelector(".actions");
    const { title, copy, copied, send } = element.dataset;
    field.addEventListener("focus", () => field.select());
    if (navigator.clipboard) {
      const button = add(row, copy, "button");
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(field.value);
        button.textContent = copied;
        setTimeout(() => { button.textContent = copy; }, 3000);
      });
    }
    if (navigator.share) {
      add(row, send, "button button-quiet").addEventListener("click", () => {
        // She may close the sheet again; that is no fault.
        navigator.share({ title, url: field.value }).catch(() => {});
      });
    }
  }
}

function add(row, words, look) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = look;
  button.textContent = words;
  row.append(button);
  return button;
}
