mod exhaustive;
mod random;
mod scripts;
