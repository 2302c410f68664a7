mod exhaustive;
mod joint;
mod random;
mod scripts;
