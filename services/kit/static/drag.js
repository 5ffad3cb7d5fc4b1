// Dragging what has data-drag onto what has data-drop: fills in the form that moves it without a script, and sends it.
const form = document.querySelector("[data-drag-form] form");
if (form) {
  const thing = form.querySelector("select[name=navigator]");
  const place = form.querySelector("select[name=table]");
  document.querySelectorAll("[data-drag]").forEach((one) => {
    one.draggable = true;
    one.querySelectorAll("a").forEach((link) => { link.draggable = false; });
    one.addEventListener("dragstart", (event) => {
      event.dataTransfer.setData("text/plain", one.dataset.drag);
      event.dataTransfer.effectAllowed = "move";
    });
  });
  document.querySelectorAll("[data-drop]").forEach((target) => {
    const over = (yes) => target.toggleAttribute("data-over", yes);
    target.addEventListener("dragover", (event) => { event.preventDefault(); over(true); });
    target.addEventListener("dragleave", () => over(false));
    target.addEventListener("drop", (event) => {
      event.preventDefault();
      over(false);
      const from = event.dataTransfer.getData("text/plain");
      thing.value = from;
      place.value = target.dataset.drop;
      const here = target.querySelector(`[data-drag="${CSS.escape(from)}"]`);
      if (thing.value === from && !here) form.requestSubmit(form.querySelector("button[name=step]"));
    });
  });
}
