import "./page.css";
import "./calling-page.js";
