// A line that the reader may put away for as long as the browser's tab lives, or until it
// says something new. Only that choice is kept here; the count never leaves the server.
export function dismissible(elements) {
  for (const element of elements) {
    const key = `dismissed:${element.dataset.dismissible}`;
    if (recall(key)) {
      element.hidden = true;
      continue;
    }
    const close = () => {
      const held = element.contains(document.activeElement);
      element.hidden = true;
      remember(key);
      if (held) document.getElementById("content").focus({ preventScroll: true });
    };
    // The button is there from the start, unseen, so that nothing moves when it works.
    const button = element.querySelector("button");
    button.classList.add("works");
    button.addEventListener("click", close);
    element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
    });
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
