// Everything here only makes a page nicer; each part works without it.
import { dismissible } from "./dismiss.js";
import { once } from "./once.js";
import { tidyAddress } from "./address.js";
import { reveal } from "./reveal.js";
import { keepInSight } from "./sections.js";
import { shareable } from "./share.js";

dismissible(document.querySelectorAll("[data-dismissible]"));
once(document.querySelectorAll("form[data-once]"));
reveal(document.querySelectorAll("input[type=password]"));
keepInSight(document.querySelector(".sections [aria-current]"));
shareable(document.querySelectorAll("[data-share]"));
tidyAddress();
