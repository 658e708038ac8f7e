// A button beside each password that shows what was typed.
export function reveal(inputs) {
  for (const input of inputs) {
    const { show, hide } = input.closest("[data-show]")?.dataset ?? {};
    if (!show) continue;
    const row = document.createElement("span");
    row.className = "reveal";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "reveal-button";
    button.textContent = show;
    button.setAttribute("aria-controls", input.id);
    button.addEventListener("click", () => {
      const hidden = input.type === "password";
      input.type = hidden ? "text" : "password";
      button.textContent = hidden ? hide : show;
    });
    // A password is never sent, nor offered to be remembered, as plain text.
    input.form?.addEventListener("submit", () => { input.type = "password"; });
    input.replaceWith(row);
    row.append(input, button);
  }
}
