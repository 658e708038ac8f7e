// A line that the reader may put away for as long as the browser's tab lives.
// Only that choice is kept here; the count never leaves the server.
export function dismissible(elements) {
  for (const element of elements) {
    const key = `dismissed:${element.dataset.dismissible}`;
    if (recall(key)) {
      element.hidden = true;
      continue;
    }
    const button = document.createElement("button");
    button.type = "button";
    button.className = "meter-close";
    button.textContent = "×";
    button.setAttribute("aria-label", element.dataset.close);
    button.addEventListener("click", () => {
      element.hidden = true;
      remember(key);
      document.getElementById("content").focus({ preventScroll: true });
    });
    element.firstElementChild.append(button);
  }
}

function recall(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null; // Storage is refused in some private windows.
  }
}

function remember(key) {
  try {
    sessionStorage.setItem(key, "1");
  } catch {
    // The line is gone from this page, and comes back on the next.
  }
}
