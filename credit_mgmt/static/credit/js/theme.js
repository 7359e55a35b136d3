// Runs before the first paint: styles that only make sense with a script must not flash.
document.documentElement.classList.add("js");
