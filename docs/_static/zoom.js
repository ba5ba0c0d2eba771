/* A picture of a page opens larger than the window, to be scrolled: on a phone its small text can be read. */
document.addEventListener("DOMContentLoaded", () => {
  const view = document.createElement("dialog");
  view.className = "zoom";
  view.setAttribute("aria-label", "Enlarged picture; Escape or a click closes it");
  view.tabIndex = -1; // takes the keys: arrows scroll, Escape closes
  view.addEventListener("click", () => view.close());
  view.addEventListener("keydown", (event) => event.key === "Escape" && view.close());
  document.body.append(view);
  for (const picture of document.querySelectorAll("article img")) {
    if (picture.closest("a")) continue; // a tile of the gallery is a link already
    const open = () => {
      const large = document.createElement("img");
      large.src = picture.src;
      large.alt = picture.alt;
      view.replaceChildren(large);
      view.showModal();
      view.focus();
    };
    picture.tabIndex = 0;
    picture.classList.add("zooms");
    picture.setAttribute("aria-haspopup", "dialog");
    picture.addEventListener("click", open);
    picture.addEventListener("keydown", (event) => event.key === "Enter" && open());
  }
});
