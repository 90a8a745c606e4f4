//! The network of the model of meaning. It is a package of its own, so that it is made fast where the program itself is not:
//! in tests.

mod encoder;
mod linear;
mod rows;
mod weights;

pub use encoder::Encoder;
pub use rten_gemm::GemmError;
pub use weights::{BLOCK, BLOCK_BYTES, DIMENSIONS, INNER, LAYERS, LayerWeights, Norm, POSITIONS, Weights};
