document.getElementById("page").textContent = "secondpass";
