(() => {
  const box = document.getElementById("show-password");
  const show = (visible) => document.querySelectorAll("input[autocomplete=new-password]").forEach((field) => { field.type = visible ? "text" : "password"; });
  box.parentElement.hidden = false;
  box.addEventListener("change", () => show(box.checked));
  box.form.addEventListener("submit", () => show(false)); // so that no browser remembers it as text
})();
