import { adoptStyles } from "./ground.js";
import "./calling-page.js";

adoptStyles(document);
