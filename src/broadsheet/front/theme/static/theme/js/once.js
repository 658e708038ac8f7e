// A double click sends a form once. (The server would make one purchase of two
// requests with the same key anyway; this only saves the reader the doubt.)
export function once(forms) {
  for (const form of forms) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) {
        event.preventDefault();
        return;
      }
      form.dataset.sent = "1";
      for (const button of form.querySelectorAll("button")) {
        button.setAttribute("aria-disabled", "true");
      }
    });
  }
  // Coming back with the browser's button shows the same page again, ready to send.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of forms) {
      delete form.dataset.sent;
      for (const button of form.querySelectorAll("button")) {
        button.removeAttribute("aria-disabled");
      }
    }
  });
}
