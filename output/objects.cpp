

#include "objects.h"
#include "synapses_classes.h"
#include "brianlib/clocks.h"
#include "brianlib/dynamic_array.h"
#include "brianlib/stdint_compat.h"
#include "network.h"
#include<random>
#include<vector>
#include<iostream>
#include<fstream>
#include<map>
#include<tuple>
#include<cstdlib>
#include<string>

namespace brian {

std::string results_dir = "results/";  // can be overwritten by --results_dir command line arg

// For multhreading, we need one generator for each thread. We also create a distribution for
// each thread, even though this is not strictly necessary for the uniform distribution, as
// the distribution is stateless.
std::vector< RandomGenerator > _random_generators;

//////////////// networks /////////////////
Network network;

void set_variable_from_value(std::string varname, char* var_pointer, size_t size, char value) {
    #ifdef DEBUG
    std::cout << "Setting '" << varname << "' to " << (value == 1 ? "True" : "False") << std::endl;
    #endif
    std::fill(var_pointer, var_pointer+size, value);
}

template<class T> void set_variable_from_value(std::string varname, T* var_pointer, size_t size, T value) {
    #ifdef DEBUG
    std::cout << "Setting '" << varname << "' to " << value << std::endl;
    #endif
    std::fill(var_pointer, var_pointer+size, value);
}

template<class T> void set_variable_from_file(std::string varname, T* var_pointer, size_t data_size, std::string filename) {
    ifstream f;
    streampos size;
    #ifdef DEBUG
    std::cout << "Setting '" << varname << "' from file '" << filename << "'" << std::endl;
    #endif
    f.open(filename, ios::in | ios::binary | ios::ate);
    size = f.tellg();
    if (size != data_size) {
        std::cerr << "Error reading '" << filename << "': file size " << size << " does not match expected size " << data_size << std::endl;
        return;
    }
    f.seekg(0, ios::beg);
    if (f.is_open())
        f.read(reinterpret_cast<char *>(var_pointer), data_size);
    else
        std::cerr << "Could not read '" << filename << "'" << std::endl;
    if (f.fail())
        std::cerr << "Error reading '" << filename << "'" << std::endl;
}

//////////////// set arrays by name ///////
void set_variable_by_name(std::string name, std::string s_value) {
    size_t var_size;
    size_t data_size;
    // C-style or Python-style capitalization is allowed for boolean values
    if (s_value == "true" || s_value == "True")
        s_value = "1";
    else if (s_value == "false" || s_value == "False")
        s_value = "0";
    // non-dynamic arrays
    if (name == "inh._spikespace") {
        var_size = 3;
        data_size = 3*sizeof(int32_t);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<int32_t>(name, _array_inh__spikespace, var_size, (int32_t)atoi(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, _array_inh__spikespace, data_size, s_value);
        }
        return;
    }
    if (name == "inh.g_e") {
        var_size = 2;
        data_size = 2*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, _array_inh_g_e, var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, _array_inh_g_e, data_size, s_value);
        }
        return;
    }
    if (name == "inh.g_i") {
        var_size = 2;
        data_size = 2*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, _array_inh_g_i, var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, _array_inh_g_i, data_size, s_value);
        }
        return;
    }
    if (name == "inh.lastspike") {
        var_size = 2;
        data_size = 2*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, _array_inh_lastspike, var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, _array_inh_lastspike, data_size, s_value);
        }
        return;
    }
    if (name == "inh.not_refractory") {
        var_size = 2;
        data_size = 2*sizeof(char);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value(name, _array_inh_not_refractory, var_size, (char)atoi(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, _array_inh_not_refractory, data_size, s_value);
        }
        return;
    }
    if (name == "inh.v") {
        var_size = 2;
        data_size = 2*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, _array_inh_v, var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, _array_inh_v, data_size, s_value);
        }
        return;
    }
    if (name == "ll._spikespace") {
        var_size = 101;
        data_size = 101*sizeof(int32_t);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<int32_t>(name, _array_ll__spikespace, var_size, (int32_t)atoi(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, _array_ll__spikespace, data_size, s_value);
        }
        return;
    }
    if (name == "mon._spikespace") {
        var_size = 3201;
        data_size = 3201*sizeof(int32_t);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<int32_t>(name, _array_mon__spikespace, var_size, (int32_t)atoi(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, _array_mon__spikespace, data_size, s_value);
        }
        return;
    }
    if (name == "mon.g_e") {
        var_size = 3200;
        data_size = 3200*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, _array_mon_g_e, var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, _array_mon_g_e, data_size, s_value);
        }
        return;
    }
    if (name == "mon.g_i") {
        var_size = 3200;
        data_size = 3200*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, _array_mon_g_i, var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, _array_mon_g_i, data_size, s_value);
        }
        return;
    }
    if (name == "mon.lastspike") {
        var_size = 3200;
        data_size = 3200*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, _array_mon_lastspike, var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, _array_mon_lastspike, data_size, s_value);
        }
        return;
    }
    if (name == "mon.not_refractory") {
        var_size = 3200;
        data_size = 3200*sizeof(char);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value(name, _array_mon_not_refractory, var_size, (char)atoi(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, _array_mon_not_refractory, data_size, s_value);
        }
        return;
    }
    if (name == "mon.v") {
        var_size = 3200;
        data_size = 3200*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, _array_mon_v, var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, _array_mon_v, data_size, s_value);
        }
        return;
    }
    if (name == "ts._spikespace") {
        var_size = 301;
        data_size = 301*sizeof(int32_t);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<int32_t>(name, _array_ts__spikespace, var_size, (int32_t)atoi(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, _array_ts__spikespace, data_size, s_value);
        }
        return;
    }
    if (name == "ts.g_e") {
        var_size = 300;
        data_size = 300*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, _array_ts_g_e, var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, _array_ts_g_e, data_size, s_value);
        }
        return;
    }
    if (name == "ts.g_i") {
        var_size = 300;
        data_size = 300*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, _array_ts_g_i, var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, _array_ts_g_i, data_size, s_value);
        }
        return;
    }
    if (name == "ts.lastspike") {
        var_size = 300;
        data_size = 300*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, _array_ts_lastspike, var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, _array_ts_lastspike, data_size, s_value);
        }
        return;
    }
    if (name == "ts.not_refractory") {
        var_size = 300;
        data_size = 300*sizeof(char);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value(name, _array_ts_not_refractory, var_size, (char)atoi(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, _array_ts_not_refractory, data_size, s_value);
        }
        return;
    }
    if (name == "ts.v") {
        var_size = 300;
        data_size = 300*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, _array_ts_v, var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, _array_ts_v, data_size, s_value);
        }
        return;
    }
    // dynamic arrays (1d)
    if (name == "inh_to_mon.delay") {
        var_size = _dynamic_array_inh_to_mon_delay.size();
        data_size = var_size*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, &_dynamic_array_inh_to_mon_delay[0], var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, &_dynamic_array_inh_to_mon_delay[0], data_size, s_value);
        }
        return;
    }
    if (name == "inh_to_mon.w") {
        var_size = _dynamic_array_inh_to_mon_w.size();
        data_size = var_size*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, &_dynamic_array_inh_to_mon_w[0], var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, &_dynamic_array_inh_to_mon_w[0], data_size, s_value);
        }
        return;
    }
    if (name == "inh_to_ts.delay") {
        var_size = _dynamic_array_inh_to_ts_delay.size();
        data_size = var_size*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, &_dynamic_array_inh_to_ts_delay[0], var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, &_dynamic_array_inh_to_ts_delay[0], data_size, s_value);
        }
        return;
    }
    if (name == "inh_to_ts.w") {
        var_size = _dynamic_array_inh_to_ts_w.size();
        data_size = var_size*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, &_dynamic_array_inh_to_ts_w[0], var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, &_dynamic_array_inh_to_ts_w[0], data_size, s_value);
        }
        return;
    }
    if (name == "lateral.delay") {
        var_size = _dynamic_array_lateral_delay.size();
        data_size = var_size*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, &_dynamic_array_lateral_delay[0], var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, &_dynamic_array_lateral_delay[0], data_size, s_value);
        }
        return;
    }
    if (name == "lateral.w") {
        var_size = _dynamic_array_lateral_w.size();
        data_size = var_size*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, &_dynamic_array_lateral_w[0], var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, &_dynamic_array_lateral_w[0], data_size, s_value);
        }
        return;
    }
    if (name == "ll_mon.delay") {
        var_size = _dynamic_array_ll_mon_delay.size();
        data_size = var_size*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, &_dynamic_array_ll_mon_delay[0], var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, &_dynamic_array_ll_mon_delay[0], data_size, s_value);
        }
        return;
    }
    if (name == "ll_mon.delay") {
        var_size = _dynamic_array_ll_mon_delay_1.size();
        data_size = var_size*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, &_dynamic_array_ll_mon_delay_1[0], var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, &_dynamic_array_ll_mon_delay_1[0], data_size, s_value);
        }
        return;
    }
    if (name == "ll_mon.lastupdate") {
        var_size = _dynamic_array_ll_mon_lastupdate.size();
        data_size = var_size*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, &_dynamic_array_ll_mon_lastupdate[0], var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, &_dynamic_array_ll_mon_lastupdate[0], data_size, s_value);
        }
        return;
    }
    if (name == "ll_mon.w") {
        var_size = _dynamic_array_ll_mon_w.size();
        data_size = var_size*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, &_dynamic_array_ll_mon_w[0], var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, &_dynamic_array_ll_mon_w[0], data_size, s_value);
        }
        return;
    }
    if (name == "ll_mon.xpost") {
        var_size = _dynamic_array_ll_mon_xpost.size();
        data_size = var_size*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, &_dynamic_array_ll_mon_xpost[0], var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, &_dynamic_array_ll_mon_xpost[0], data_size, s_value);
        }
        return;
    }
    if (name == "ll_mon.xpre") {
        var_size = _dynamic_array_ll_mon_xpre.size();
        data_size = var_size*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, &_dynamic_array_ll_mon_xpre[0], var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, &_dynamic_array_ll_mon_xpre[0], data_size, s_value);
        }
        return;
    }
    if (name == "mon_to_inh.delay") {
        var_size = _dynamic_array_mon_to_inh_delay.size();
        data_size = var_size*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, &_dynamic_array_mon_to_inh_delay[0], var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, &_dynamic_array_mon_to_inh_delay[0], data_size, s_value);
        }
        return;
    }
    if (name == "mon_to_inh.w") {
        var_size = _dynamic_array_mon_to_inh_w.size();
        data_size = var_size*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, &_dynamic_array_mon_to_inh_w[0], var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, &_dynamic_array_mon_to_inh_w[0], data_size, s_value);
        }
        return;
    }
    if (name == "mon_ts.delay") {
        var_size = _dynamic_array_mon_ts_delay.size();
        data_size = var_size*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, &_dynamic_array_mon_ts_delay[0], var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, &_dynamic_array_mon_ts_delay[0], data_size, s_value);
        }
        return;
    }
    if (name == "mon_ts.delay") {
        var_size = _dynamic_array_mon_ts_delay_1.size();
        data_size = var_size*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, &_dynamic_array_mon_ts_delay_1[0], var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, &_dynamic_array_mon_ts_delay_1[0], data_size, s_value);
        }
        return;
    }
    if (name == "mon_ts.lastupdate") {
        var_size = _dynamic_array_mon_ts_lastupdate.size();
        data_size = var_size*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, &_dynamic_array_mon_ts_lastupdate[0], var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, &_dynamic_array_mon_ts_lastupdate[0], data_size, s_value);
        }
        return;
    }
    if (name == "mon_ts.w") {
        var_size = _dynamic_array_mon_ts_w.size();
        data_size = var_size*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, &_dynamic_array_mon_ts_w[0], var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, &_dynamic_array_mon_ts_w[0], data_size, s_value);
        }
        return;
    }
    if (name == "mon_ts.xpost") {
        var_size = _dynamic_array_mon_ts_xpost.size();
        data_size = var_size*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, &_dynamic_array_mon_ts_xpost[0], var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, &_dynamic_array_mon_ts_xpost[0], data_size, s_value);
        }
        return;
    }
    if (name == "mon_ts.xpre") {
        var_size = _dynamic_array_mon_ts_xpre.size();
        data_size = var_size*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, &_dynamic_array_mon_ts_xpre[0], var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, &_dynamic_array_mon_ts_xpre[0], data_size, s_value);
        }
        return;
    }
    if (name == "ts_to_inh.delay") {
        var_size = _dynamic_array_ts_to_inh_delay.size();
        data_size = var_size*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, &_dynamic_array_ts_to_inh_delay[0], var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, &_dynamic_array_ts_to_inh_delay[0], data_size, s_value);
        }
        return;
    }
    if (name == "ts_to_inh.w") {
        var_size = _dynamic_array_ts_to_inh_w.size();
        data_size = var_size*sizeof(double);
        if (s_value[0] == '-' || (s_value[0] >= '0' && s_value[0] <= '9')) {
            // set from single value
            set_variable_from_value<double>(name, &_dynamic_array_ts_to_inh_w[0], var_size, (double)atof(s_value.c_str()));

        } else {
            // set from file
            set_variable_from_file(name, &_dynamic_array_ts_to_inh_w[0], data_size, s_value);
        }
        return;
    }
    std::cerr << "Cannot set unknown variable '" << name << "'." << std::endl;
    exit(1);
}
//////////////// arrays ///////////////////
double * _array_defaultclock_dt;
const int _num__array_defaultclock_dt = 1;
double * _array_defaultclock_t;
const int _num__array_defaultclock_t = 1;
int64_t * _array_defaultclock_timestep;
const int _num__array_defaultclock_timestep = 1;
int32_t * _array_inh__spikespace;
const int _num__array_inh__spikespace = 3;
double * _array_inh_clock_dt;
const int _num__array_inh_clock_dt = 1;
double * _array_inh_clock_t;
const int _num__array_inh_clock_t = 1;
int64_t * _array_inh_clock_timestep;
const int _num__array_inh_clock_timestep = 1;
double * _array_inh_g_e;
const int _num__array_inh_g_e = 2;
double * _array_inh_g_i;
const int _num__array_inh_g_i = 2;
int32_t * _array_inh_i;
const int _num__array_inh_i = 2;
double * _array_inh_lastspike;
const int _num__array_inh_lastspike = 2;
char * _array_inh_not_refractory;
const int _num__array_inh_not_refractory = 2;
int32_t * _array_inh_spikes__source_idx;
const int _num__array_inh_spikes__source_idx = 2;
int32_t * _array_inh_spikes_count;
const int _num__array_inh_spikes_count = 2;
int32_t * _array_inh_spikes_N;
const int _num__array_inh_spikes_N = 1;
double * _array_inh_to_mon_clock_dt;
const int _num__array_inh_to_mon_clock_dt = 1;
double * _array_inh_to_mon_clock_t;
const int _num__array_inh_to_mon_clock_t = 1;
int64_t * _array_inh_to_mon_clock_timestep;
const int _num__array_inh_to_mon_clock_timestep = 1;
int32_t * _array_inh_to_mon_N;
const int _num__array_inh_to_mon_N = 1;
int32_t * _array_inh_to_mon_sources;
const int _num__array_inh_to_mon_sources = 3200;
int32_t * _array_inh_to_mon_targets;
const int _num__array_inh_to_mon_targets = 3200;
double * _array_inh_to_ts_clock_dt;
const int _num__array_inh_to_ts_clock_dt = 1;
double * _array_inh_to_ts_clock_t;
const int _num__array_inh_to_ts_clock_t = 1;
int64_t * _array_inh_to_ts_clock_timestep;
const int _num__array_inh_to_ts_clock_timestep = 1;
int32_t * _array_inh_to_ts_N;
const int _num__array_inh_to_ts_N = 1;
int32_t * _array_inh_to_ts_sources;
const int _num__array_inh_to_ts_sources = 300;
int32_t * _array_inh_to_ts_targets;
const int _num__array_inh_to_ts_targets = 300;
double * _array_inh_v;
const int _num__array_inh_v = 2;
double * _array_lateral_clock_dt;
const int _num__array_lateral_clock_dt = 1;
double * _array_lateral_clock_t;
const int _num__array_lateral_clock_t = 1;
int64_t * _array_lateral_clock_timestep;
const int _num__array_lateral_clock_timestep = 1;
int32_t * _array_lateral_N;
const int _num__array_lateral_N = 1;
int32_t * _array_lateral_sources;
const int _num__array_lateral_sources = 10200;
int32_t * _array_lateral_targets;
const int _num__array_lateral_targets = 10200;
int32_t * _array_ll__lastindex;
const int _num__array_ll__lastindex = 1;
int32_t * _array_ll__period_bins;
const int _num__array_ll__period_bins = 1;
int32_t * _array_ll__spikespace;
const int _num__array_ll__spikespace = 101;
double * _array_ll_clock_dt;
const int _num__array_ll_clock_dt = 1;
double * _array_ll_clock_t;
const int _num__array_ll_clock_t = 1;
int64_t * _array_ll_clock_timestep;
const int _num__array_ll_clock_timestep = 1;
int32_t * _array_ll_i;
const int _num__array_ll_i = 100;
double * _array_ll_mon_clock_dt;
const int _num__array_ll_mon_clock_dt = 1;
double * _array_ll_mon_clock_t;
const int _num__array_ll_mon_clock_t = 1;
int64_t * _array_ll_mon_clock_timestep;
const int _num__array_ll_mon_clock_timestep = 1;
int32_t * _array_ll_mon_N;
const int _num__array_ll_mon_N = 1;
int32_t * _array_ll_mon_sources;
const int _num__array_ll_mon_sources = 32000;
int32_t * _array_ll_mon_targets;
const int _num__array_ll_mon_targets = 32000;
double * _array_ll_period;
const int _num__array_ll_period = 1;
int32_t * _array_mon__spikespace;
const int _num__array_mon__spikespace = 3201;
double * _array_mon_clock_dt;
const int _num__array_mon_clock_dt = 1;
double * _array_mon_clock_t;
const int _num__array_mon_clock_t = 1;
int64_t * _array_mon_clock_timestep;
const int _num__array_mon_clock_timestep = 1;
double * _array_mon_g_e;
const int _num__array_mon_g_e = 3200;
double * _array_mon_g_i;
const int _num__array_mon_g_i = 3200;
int32_t * _array_mon_i;
const int _num__array_mon_i = 3200;
double * _array_mon_lastspike;
const int _num__array_mon_lastspike = 3200;
char * _array_mon_not_refractory;
const int _num__array_mon_not_refractory = 3200;
int32_t * _array_mon_spikes__source_idx;
const int _num__array_mon_spikes__source_idx = 3200;
int32_t * _array_mon_spikes_count;
const int _num__array_mon_spikes_count = 3200;
int32_t * _array_mon_spikes_N;
const int _num__array_mon_spikes_N = 1;
double * _array_mon_to_inh_clock_dt;
const int _num__array_mon_to_inh_clock_dt = 1;
double * _array_mon_to_inh_clock_t;
const int _num__array_mon_to_inh_clock_t = 1;
int64_t * _array_mon_to_inh_clock_timestep;
const int _num__array_mon_to_inh_clock_timestep = 1;
int32_t * _array_mon_to_inh_N;
const int _num__array_mon_to_inh_N = 1;
int32_t * _array_mon_to_inh_sources;
const int _num__array_mon_to_inh_sources = 85;
int32_t * _array_mon_to_inh_targets;
const int _num__array_mon_to_inh_targets = 85;
double * _array_mon_ts_clock_dt;
const int _num__array_mon_ts_clock_dt = 1;
double * _array_mon_ts_clock_t;
const int _num__array_mon_ts_clock_t = 1;
int64_t * _array_mon_ts_clock_timestep;
const int _num__array_mon_ts_clock_timestep = 1;
int32_t * _array_mon_ts_N;
const int _num__array_mon_ts_N = 1;
int32_t * _array_mon_ts_sources;
const int _num__array_mon_ts_sources = 51200;
int32_t * _array_mon_ts_targets;
const int _num__array_mon_ts_targets = 51200;
double * _array_mon_v;
const int _num__array_mon_v = 3200;
int32_t * _array_ts__spikespace;
const int _num__array_ts__spikespace = 301;
double * _array_ts_clock_dt;
const int _num__array_ts_clock_dt = 1;
double * _array_ts_clock_t;
const int _num__array_ts_clock_t = 1;
int64_t * _array_ts_clock_timestep;
const int _num__array_ts_clock_timestep = 1;
double * _array_ts_g_e;
const int _num__array_ts_g_e = 300;
double * _array_ts_g_i;
const int _num__array_ts_g_i = 300;
int32_t * _array_ts_i;
const int _num__array_ts_i = 300;
double * _array_ts_lastspike;
const int _num__array_ts_lastspike = 300;
char * _array_ts_not_refractory;
const int _num__array_ts_not_refractory = 300;
int32_t * _array_ts_spikes__source_idx;
const int _num__array_ts_spikes__source_idx = 300;
int32_t * _array_ts_spikes_count;
const int _num__array_ts_spikes_count = 300;
int32_t * _array_ts_spikes_N;
const int _num__array_ts_spikes_N = 1;
double * _array_ts_to_inh_clock_dt;
const int _num__array_ts_to_inh_clock_dt = 1;
double * _array_ts_to_inh_clock_t;
const int _num__array_ts_to_inh_clock_t = 1;
int64_t * _array_ts_to_inh_clock_timestep;
const int _num__array_ts_to_inh_clock_timestep = 1;
int32_t * _array_ts_to_inh_N;
const int _num__array_ts_to_inh_N = 1;
int32_t * _array_ts_to_inh_sources;
const int _num__array_ts_to_inh_sources = 27;
int32_t * _array_ts_to_inh_targets;
const int _num__array_ts_to_inh_targets = 27;
double * _array_ts_v;
const int _num__array_ts_v = 300;

//////////////// dynamic arrays 1d /////////
std::vector<int32_t> _dynamic_array_inh_spikes_i;
std::vector<double> _dynamic_array_inh_spikes_t;
std::vector<int32_t> _dynamic_array_inh_to_mon__synaptic_post;
std::vector<int32_t> _dynamic_array_inh_to_mon__synaptic_pre;
std::vector<double> _dynamic_array_inh_to_mon_delay;
std::vector<int32_t> _dynamic_array_inh_to_mon_N_incoming;
std::vector<int32_t> _dynamic_array_inh_to_mon_N_outgoing;
std::vector<double> _dynamic_array_inh_to_mon_w;
std::vector<int32_t> _dynamic_array_inh_to_ts__synaptic_post;
std::vector<int32_t> _dynamic_array_inh_to_ts__synaptic_pre;
std::vector<double> _dynamic_array_inh_to_ts_delay;
std::vector<int32_t> _dynamic_array_inh_to_ts_N_incoming;
std::vector<int32_t> _dynamic_array_inh_to_ts_N_outgoing;
std::vector<double> _dynamic_array_inh_to_ts_w;
std::vector<int32_t> _dynamic_array_lateral__synaptic_post;
std::vector<int32_t> _dynamic_array_lateral__synaptic_pre;
std::vector<double> _dynamic_array_lateral_delay;
std::vector<int32_t> _dynamic_array_lateral_N_incoming;
std::vector<int32_t> _dynamic_array_lateral_N_outgoing;
std::vector<double> _dynamic_array_lateral_w;
std::vector<int32_t> _dynamic_array_ll__timebins;
std::vector<int32_t> _dynamic_array_ll_mon__synaptic_post;
std::vector<int32_t> _dynamic_array_ll_mon__synaptic_pre;
std::vector<double> _dynamic_array_ll_mon_delay;
std::vector<double> _dynamic_array_ll_mon_delay_1;
std::vector<double> _dynamic_array_ll_mon_lastupdate;
std::vector<int32_t> _dynamic_array_ll_mon_N_incoming;
std::vector<int32_t> _dynamic_array_ll_mon_N_outgoing;
std::vector<double> _dynamic_array_ll_mon_w;
std::vector<double> _dynamic_array_ll_mon_xpost;
std::vector<double> _dynamic_array_ll_mon_xpre;
std::vector<int32_t> _dynamic_array_ll_neuron_index;
std::vector<int32_t> _dynamic_array_ll_spike_number;
std::vector<double> _dynamic_array_ll_spike_time;
std::vector<int32_t> _dynamic_array_mon_spikes_i;
std::vector<double> _dynamic_array_mon_spikes_t;
std::vector<int32_t> _dynamic_array_mon_to_inh__synaptic_post;
std::vector<int32_t> _dynamic_array_mon_to_inh__synaptic_pre;
std::vector<double> _dynamic_array_mon_to_inh_delay;
std::vector<int32_t> _dynamic_array_mon_to_inh_N_incoming;
std::vector<int32_t> _dynamic_array_mon_to_inh_N_outgoing;
std::vector<double> _dynamic_array_mon_to_inh_w;
std::vector<int32_t> _dynamic_array_mon_ts__synaptic_post;
std::vector<int32_t> _dynamic_array_mon_ts__synaptic_pre;
std::vector<double> _dynamic_array_mon_ts_delay;
std::vector<double> _dynamic_array_mon_ts_delay_1;
std::vector<double> _dynamic_array_mon_ts_lastupdate;
std::vector<int32_t> _dynamic_array_mon_ts_N_incoming;
std::vector<int32_t> _dynamic_array_mon_ts_N_outgoing;
std::vector<double> _dynamic_array_mon_ts_w;
std::vector<double> _dynamic_array_mon_ts_xpost;
std::vector<double> _dynamic_array_mon_ts_xpre;
std::vector<int32_t> _dynamic_array_ts_spikes_i;
std::vector<double> _dynamic_array_ts_spikes_t;
std::vector<int32_t> _dynamic_array_ts_to_inh__synaptic_post;
std::vector<int32_t> _dynamic_array_ts_to_inh__synaptic_pre;
std::vector<double> _dynamic_array_ts_to_inh_delay;
std::vector<int32_t> _dynamic_array_ts_to_inh_N_incoming;
std::vector<int32_t> _dynamic_array_ts_to_inh_N_outgoing;
std::vector<double> _dynamic_array_ts_to_inh_w;

//////////////// dynamic arrays 2d /////////

/////////////// static arrays /////////////
int32_t * _static_array__array_inh_to_mon_sources;
const int _num__static_array__array_inh_to_mon_sources = 3200;
int32_t * _static_array__array_inh_to_mon_targets;
const int _num__static_array__array_inh_to_mon_targets = 3200;
int32_t * _static_array__array_inh_to_ts_sources;
const int _num__static_array__array_inh_to_ts_sources = 300;
int32_t * _static_array__array_inh_to_ts_targets;
const int _num__static_array__array_inh_to_ts_targets = 300;
double * _static_array__array_inh_v;
const int _num__static_array__array_inh_v = 2;
int32_t * _static_array__array_lateral_sources;
const int _num__static_array__array_lateral_sources = 10200;
int32_t * _static_array__array_lateral_targets;
const int _num__static_array__array_lateral_targets = 10200;
int32_t * _static_array__array_ll_mon_sources;
const int _num__static_array__array_ll_mon_sources = 32000;
int32_t * _static_array__array_ll_mon_targets;
const int _num__static_array__array_ll_mon_targets = 32000;
int32_t * _static_array__array_mon_to_inh_sources;
const int _num__static_array__array_mon_to_inh_sources = 85;
int32_t * _static_array__array_mon_to_inh_targets;
const int _num__static_array__array_mon_to_inh_targets = 85;
int32_t * _static_array__array_mon_ts_sources;
const int _num__static_array__array_mon_ts_sources = 51200;
int32_t * _static_array__array_mon_ts_targets;
const int _num__static_array__array_mon_ts_targets = 51200;
double * _static_array__array_mon_v;
const int _num__static_array__array_mon_v = 3200;
int32_t * _static_array__array_ts_to_inh_sources;
const int _num__static_array__array_ts_to_inh_sources = 27;
int32_t * _static_array__array_ts_to_inh_targets;
const int _num__static_array__array_ts_to_inh_targets = 27;
double * _static_array__array_ts_v;
const int _num__static_array__array_ts_v = 300;
double * _static_array__dynamic_array_lateral_w;
const int _num__static_array__dynamic_array_lateral_w = 10200;
int32_t * _static_array__dynamic_array_ll__timebins;
const int _num__static_array__dynamic_array_ll__timebins = 120996;
float * _static_array__dynamic_array_ll_mon_w;
const int _num__static_array__dynamic_array_ll_mon_w = 32000;
int64_t * _static_array__dynamic_array_ll_neuron_index;
const int _num__static_array__dynamic_array_ll_neuron_index = 120996;
int64_t * _static_array__dynamic_array_ll_spike_number;
const int _num__static_array__dynamic_array_ll_spike_number = 120996;
double * _static_array__dynamic_array_ll_spike_time;
const int _num__static_array__dynamic_array_ll_spike_time = 120996;
float * _static_array__dynamic_array_mon_ts_w;
const int _num__static_array__dynamic_array_mon_ts_w = 51200;

//////////////// synapses /////////////////
// inh_to_mon
SynapticPathway inh_to_mon_pre(
    _dynamic_array_inh_to_mon__synaptic_pre,
    0, 2);
// inh_to_ts
SynapticPathway inh_to_ts_pre(
    _dynamic_array_inh_to_ts__synaptic_pre,
    0, 2);
// lateral
SynapticPathway lateral_pre(
    _dynamic_array_lateral__synaptic_pre,
    0, 300);
// ll_mon
SynapticPathway ll_mon_post(
    _dynamic_array_ll_mon__synaptic_post,
    0, 3200);
SynapticPathway ll_mon_pre(
    _dynamic_array_ll_mon__synaptic_pre,
    0, 100);
// mon_to_inh
SynapticPathway mon_to_inh_pre(
    _dynamic_array_mon_to_inh__synaptic_pre,
    0, 3200);
// mon_ts
SynapticPathway mon_ts_post(
    _dynamic_array_mon_ts__synaptic_post,
    0, 300);
SynapticPathway mon_ts_pre(
    _dynamic_array_mon_ts__synaptic_pre,
    0, 3200);
// ts_to_inh
SynapticPathway ts_to_inh_pre(
    _dynamic_array_ts_to_inh__synaptic_pre,
    0, 300);

//////////////// clocks ///////////////////
Clock inh_clock;  // attributes will be set in run.cpp
Clock inh_to_mon_clock;  // attributes will be set in run.cpp
Clock inh_to_ts_clock;  // attributes will be set in run.cpp
Clock lateral_clock;  // attributes will be set in run.cpp
Clock ll_clock;  // attributes will be set in run.cpp
Clock ll_mon_clock;  // attributes will be set in run.cpp
Clock mon_clock;  // attributes will be set in run.cpp
Clock mon_to_inh_clock;  // attributes will be set in run.cpp
Clock mon_ts_clock;  // attributes will be set in run.cpp
Clock ts_clock;  // attributes will be set in run.cpp
Clock ts_to_inh_clock;  // attributes will be set in run.cpp

// Profiling information for each code object
}

void _init_arrays()
{
    using namespace brian;

    // Arrays initialized to 0
    _array_defaultclock_dt = new double[1];
    
    for(int i=0; i<1; i++) _array_defaultclock_dt[i] = 0;

    _array_defaultclock_t = new double[1];
    
    for(int i=0; i<1; i++) _array_defaultclock_t[i] = 0;

    _array_defaultclock_timestep = new int64_t[1];
    
    for(int i=0; i<1; i++) _array_defaultclock_timestep[i] = 0;

    _array_inh__spikespace = new int32_t[3];
    
    for(int i=0; i<3; i++) _array_inh__spikespace[i] = 0;

    _array_inh_clock_dt = new double[1];
    
    for(int i=0; i<1; i++) _array_inh_clock_dt[i] = 0;

    _array_inh_clock_t = new double[1];
    
    for(int i=0; i<1; i++) _array_inh_clock_t[i] = 0;

    _array_inh_clock_timestep = new int64_t[1];
    
    for(int i=0; i<1; i++) _array_inh_clock_timestep[i] = 0;

    _array_inh_g_e = new double[2];
    
    for(int i=0; i<2; i++) _array_inh_g_e[i] = 0;

    _array_inh_g_i = new double[2];
    
    for(int i=0; i<2; i++) _array_inh_g_i[i] = 0;

    _array_inh_i = new int32_t[2];
    
    for(int i=0; i<2; i++) _array_inh_i[i] = 0;

    _array_inh_lastspike = new double[2];
    
    for(int i=0; i<2; i++) _array_inh_lastspike[i] = 0;

    _array_inh_not_refractory = new char[2];
    
    for(int i=0; i<2; i++) _array_inh_not_refractory[i] = 0;

    _array_inh_spikes__source_idx = new int32_t[2];
    
    for(int i=0; i<2; i++) _array_inh_spikes__source_idx[i] = 0;

    _array_inh_spikes_count = new int32_t[2];
    
    for(int i=0; i<2; i++) _array_inh_spikes_count[i] = 0;

    _array_inh_spikes_N = new int32_t[1];
    
    for(int i=0; i<1; i++) _array_inh_spikes_N[i] = 0;

    _array_inh_to_mon_clock_dt = new double[1];
    
    for(int i=0; i<1; i++) _array_inh_to_mon_clock_dt[i] = 0;

    _array_inh_to_mon_clock_t = new double[1];
    
    for(int i=0; i<1; i++) _array_inh_to_mon_clock_t[i] = 0;

    _array_inh_to_mon_clock_timestep = new int64_t[1];
    
    for(int i=0; i<1; i++) _array_inh_to_mon_clock_timestep[i] = 0;

    _array_inh_to_mon_N = new int32_t[1];
    
    for(int i=0; i<1; i++) _array_inh_to_mon_N[i] = 0;

    _array_inh_to_mon_sources = new int32_t[3200];
    
    for(int i=0; i<3200; i++) _array_inh_to_mon_sources[i] = 0;

    _array_inh_to_mon_targets = new int32_t[3200];
    
    for(int i=0; i<3200; i++) _array_inh_to_mon_targets[i] = 0;

    _array_inh_to_ts_clock_dt = new double[1];
    
    for(int i=0; i<1; i++) _array_inh_to_ts_clock_dt[i] = 0;

    _array_inh_to_ts_clock_t = new double[1];
    
    for(int i=0; i<1; i++) _array_inh_to_ts_clock_t[i] = 0;

    _array_inh_to_ts_clock_timestep = new int64_t[1];
    
    for(int i=0; i<1; i++) _array_inh_to_ts_clock_timestep[i] = 0;

    _array_inh_to_ts_N = new int32_t[1];
    
    for(int i=0; i<1; i++) _array_inh_to_ts_N[i] = 0;

    _array_inh_to_ts_sources = new int32_t[300];
    
    for(int i=0; i<300; i++) _array_inh_to_ts_sources[i] = 0;

    _array_inh_to_ts_targets = new int32_t[300];
    
    for(int i=0; i<300; i++) _array_inh_to_ts_targets[i] = 0;

    _array_inh_v = new double[2];
    
    for(int i=0; i<2; i++) _array_inh_v[i] = 0;

    _array_lateral_clock_dt = new double[1];
    
    for(int i=0; i<1; i++) _array_lateral_clock_dt[i] = 0;

    _array_lateral_clock_t = new double[1];
    
    for(int i=0; i<1; i++) _array_lateral_clock_t[i] = 0;

    _array_lateral_clock_timestep = new int64_t[1];
    
    for(int i=0; i<1; i++) _array_lateral_clock_timestep[i] = 0;

    _array_lateral_N = new int32_t[1];
    
    for(int i=0; i<1; i++) _array_lateral_N[i] = 0;

    _array_lateral_sources = new int32_t[10200];
    
    for(int i=0; i<10200; i++) _array_lateral_sources[i] = 0;

    _array_lateral_targets = new int32_t[10200];
    
    for(int i=0; i<10200; i++) _array_lateral_targets[i] = 0;

    _array_ll__lastindex = new int32_t[1];
    
    for(int i=0; i<1; i++) _array_ll__lastindex[i] = 0;

    _array_ll__period_bins = new int32_t[1];
    
    for(int i=0; i<1; i++) _array_ll__period_bins[i] = 0;

    _array_ll__spikespace = new int32_t[101];
    
    for(int i=0; i<101; i++) _array_ll__spikespace[i] = 0;

    _array_ll_clock_dt = new double[1];
    
    for(int i=0; i<1; i++) _array_ll_clock_dt[i] = 0;

    _array_ll_clock_t = new double[1];
    
    for(int i=0; i<1; i++) _array_ll_clock_t[i] = 0;

    _array_ll_clock_timestep = new int64_t[1];
    
    for(int i=0; i<1; i++) _array_ll_clock_timestep[i] = 0;

    _array_ll_i = new int32_t[100];
    
    for(int i=0; i<100; i++) _array_ll_i[i] = 0;

    _array_ll_mon_clock_dt = new double[1];
    
    for(int i=0; i<1; i++) _array_ll_mon_clock_dt[i] = 0;

    _array_ll_mon_clock_t = new double[1];
    
    for(int i=0; i<1; i++) _array_ll_mon_clock_t[i] = 0;

    _array_ll_mon_clock_timestep = new int64_t[1];
    
    for(int i=0; i<1; i++) _array_ll_mon_clock_timestep[i] = 0;

    _array_ll_mon_N = new int32_t[1];
    
    for(int i=0; i<1; i++) _array_ll_mon_N[i] = 0;

    _array_ll_mon_sources = new int32_t[32000];
    
    for(int i=0; i<32000; i++) _array_ll_mon_sources[i] = 0;

    _array_ll_mon_targets = new int32_t[32000];
    
    for(int i=0; i<32000; i++) _array_ll_mon_targets[i] = 0;

    _array_ll_period = new double[1];
    
    for(int i=0; i<1; i++) _array_ll_period[i] = 0;

    _array_mon__spikespace = new int32_t[3201];
    
    for(int i=0; i<3201; i++) _array_mon__spikespace[i] = 0;

    _array_mon_clock_dt = new double[1];
    
    for(int i=0; i<1; i++) _array_mon_clock_dt[i] = 0;

    _array_mon_clock_t = new double[1];
    
    for(int i=0; i<1; i++) _array_mon_clock_t[i] = 0;

    _array_mon_clock_timestep = new int64_t[1];
    
    for(int i=0; i<1; i++) _array_mon_clock_timestep[i] = 0;

    _array_mon_g_e = new double[3200];
    
    for(int i=0; i<3200; i++) _array_mon_g_e[i] = 0;

    _array_mon_g_i = new double[3200];
    
    for(int i=0; i<3200; i++) _array_mon_g_i[i] = 0;

    _array_mon_i = new int32_t[3200];
    
    for(int i=0; i<3200; i++) _array_mon_i[i] = 0;

    _array_mon_lastspike = new double[3200];
    
    for(int i=0; i<3200; i++) _array_mon_lastspike[i] = 0;

    _array_mon_not_refractory = new char[3200];
    
    for(int i=0; i<3200; i++) _array_mon_not_refractory[i] = 0;

    _array_mon_spikes__source_idx = new int32_t[3200];
    
    for(int i=0; i<3200; i++) _array_mon_spikes__source_idx[i] = 0;

    _array_mon_spikes_count = new int32_t[3200];
    
    for(int i=0; i<3200; i++) _array_mon_spikes_count[i] = 0;

    _array_mon_spikes_N = new int32_t[1];
    
    for(int i=0; i<1; i++) _array_mon_spikes_N[i] = 0;

    _array_mon_to_inh_clock_dt = new double[1];
    
    for(int i=0; i<1; i++) _array_mon_to_inh_clock_dt[i] = 0;

    _array_mon_to_inh_clock_t = new double[1];
    
    for(int i=0; i<1; i++) _array_mon_to_inh_clock_t[i] = 0;

    _array_mon_to_inh_clock_timestep = new int64_t[1];
    
    for(int i=0; i<1; i++) _array_mon_to_inh_clock_timestep[i] = 0;

    _array_mon_to_inh_N = new int32_t[1];
    
    for(int i=0; i<1; i++) _array_mon_to_inh_N[i] = 0;

    _array_mon_to_inh_sources = new int32_t[85];
    
    for(int i=0; i<85; i++) _array_mon_to_inh_sources[i] = 0;

    _array_mon_to_inh_targets = new int32_t[85];
    
    for(int i=0; i<85; i++) _array_mon_to_inh_targets[i] = 0;

    _array_mon_ts_clock_dt = new double[1];
    
    for(int i=0; i<1; i++) _array_mon_ts_clock_dt[i] = 0;

    _array_mon_ts_clock_t = new double[1];
    
    for(int i=0; i<1; i++) _array_mon_ts_clock_t[i] = 0;

    _array_mon_ts_clock_timestep = new int64_t[1];
    
    for(int i=0; i<1; i++) _array_mon_ts_clock_timestep[i] = 0;

    _array_mon_ts_N = new int32_t[1];
    
    for(int i=0; i<1; i++) _array_mon_ts_N[i] = 0;

    _array_mon_ts_sources = new int32_t[51200];
    
    for(int i=0; i<51200; i++) _array_mon_ts_sources[i] = 0;

    _array_mon_ts_targets = new int32_t[51200];
    
    for(int i=0; i<51200; i++) _array_mon_ts_targets[i] = 0;

    _array_mon_v = new double[3200];
    
    for(int i=0; i<3200; i++) _array_mon_v[i] = 0;

    _array_ts__spikespace = new int32_t[301];
    
    for(int i=0; i<301; i++) _array_ts__spikespace[i] = 0;

    _array_ts_clock_dt = new double[1];
    
    for(int i=0; i<1; i++) _array_ts_clock_dt[i] = 0;

    _array_ts_clock_t = new double[1];
    
    for(int i=0; i<1; i++) _array_ts_clock_t[i] = 0;

    _array_ts_clock_timestep = new int64_t[1];
    
    for(int i=0; i<1; i++) _array_ts_clock_timestep[i] = 0;

    _array_ts_g_e = new double[300];
    
    for(int i=0; i<300; i++) _array_ts_g_e[i] = 0;

    _array_ts_g_i = new double[300];
    
    for(int i=0; i<300; i++) _array_ts_g_i[i] = 0;

    _array_ts_i = new int32_t[300];
    
    for(int i=0; i<300; i++) _array_ts_i[i] = 0;

    _array_ts_lastspike = new double[300];
    
    for(int i=0; i<300; i++) _array_ts_lastspike[i] = 0;

    _array_ts_not_refractory = new char[300];
    
    for(int i=0; i<300; i++) _array_ts_not_refractory[i] = 0;

    _array_ts_spikes__source_idx = new int32_t[300];
    
    for(int i=0; i<300; i++) _array_ts_spikes__source_idx[i] = 0;

    _array_ts_spikes_count = new int32_t[300];
    
    for(int i=0; i<300; i++) _array_ts_spikes_count[i] = 0;

    _array_ts_spikes_N = new int32_t[1];
    
    for(int i=0; i<1; i++) _array_ts_spikes_N[i] = 0;

    _array_ts_to_inh_clock_dt = new double[1];
    
    for(int i=0; i<1; i++) _array_ts_to_inh_clock_dt[i] = 0;

    _array_ts_to_inh_clock_t = new double[1];
    
    for(int i=0; i<1; i++) _array_ts_to_inh_clock_t[i] = 0;

    _array_ts_to_inh_clock_timestep = new int64_t[1];
    
    for(int i=0; i<1; i++) _array_ts_to_inh_clock_timestep[i] = 0;

    _array_ts_to_inh_N = new int32_t[1];
    
    for(int i=0; i<1; i++) _array_ts_to_inh_N[i] = 0;

    _array_ts_to_inh_sources = new int32_t[27];
    
    for(int i=0; i<27; i++) _array_ts_to_inh_sources[i] = 0;

    _array_ts_to_inh_targets = new int32_t[27];
    
    for(int i=0; i<27; i++) _array_ts_to_inh_targets[i] = 0;

    _array_ts_v = new double[300];
    
    for(int i=0; i<300; i++) _array_ts_v[i] = 0;


    // Arrays initialized to an "arange"
    _array_inh_i = new int32_t[2];
    
    for(int i=0; i<2; i++) _array_inh_i[i] = 0 + i;

    _array_inh_spikes__source_idx = new int32_t[2];
    
    for(int i=0; i<2; i++) _array_inh_spikes__source_idx[i] = 0 + i;

    _array_ll_i = new int32_t[100];
    
    for(int i=0; i<100; i++) _array_ll_i[i] = 0 + i;

    _array_mon_i = new int32_t[3200];
    
    for(int i=0; i<3200; i++) _array_mon_i[i] = 0 + i;

    _array_mon_spikes__source_idx = new int32_t[3200];
    
    for(int i=0; i<3200; i++) _array_mon_spikes__source_idx[i] = 0 + i;

    _array_ts_i = new int32_t[300];
    
    for(int i=0; i<300; i++) _array_ts_i[i] = 0 + i;

    _array_ts_spikes__source_idx = new int32_t[300];
    
    for(int i=0; i<300; i++) _array_ts_spikes__source_idx[i] = 0 + i;


    // static arrays
    _static_array__array_inh_to_mon_sources = new int32_t[3200];
    _static_array__array_inh_to_mon_targets = new int32_t[3200];
    _static_array__array_inh_to_ts_sources = new int32_t[300];
    _static_array__array_inh_to_ts_targets = new int32_t[300];
    _static_array__array_inh_v = new double[2];
    _static_array__array_lateral_sources = new int32_t[10200];
    _static_array__array_lateral_targets = new int32_t[10200];
    _static_array__array_ll_mon_sources = new int32_t[32000];
    _static_array__array_ll_mon_targets = new int32_t[32000];
    _static_array__array_mon_to_inh_sources = new int32_t[85];
    _static_array__array_mon_to_inh_targets = new int32_t[85];
    _static_array__array_mon_ts_sources = new int32_t[51200];
    _static_array__array_mon_ts_targets = new int32_t[51200];
    _static_array__array_mon_v = new double[3200];
    _static_array__array_ts_to_inh_sources = new int32_t[27];
    _static_array__array_ts_to_inh_targets = new int32_t[27];
    _static_array__array_ts_v = new double[300];
    _static_array__dynamic_array_lateral_w = new double[10200];
    _static_array__dynamic_array_ll__timebins = new int32_t[120996];
    _static_array__dynamic_array_ll_mon_w = new float[32000];
    _static_array__dynamic_array_ll_neuron_index = new int64_t[120996];
    _static_array__dynamic_array_ll_spike_number = new int64_t[120996];
    _static_array__dynamic_array_ll_spike_time = new double[120996];
    _static_array__dynamic_array_mon_ts_w = new float[51200];

    // Random number generator states
    std::random_device rd;
    for (int i=0; i<1; i++)
        _random_generators.push_back(RandomGenerator());
}

void _load_arrays()
{
    using namespace brian;

    ifstream f_static_array__array_inh_to_mon_sources;
    f_static_array__array_inh_to_mon_sources.open("static_arrays/_static_array__array_inh_to_mon_sources", ios::in | ios::binary);
    if(f_static_array__array_inh_to_mon_sources.is_open())
    {
        f_static_array__array_inh_to_mon_sources.read(reinterpret_cast<char*>(_static_array__array_inh_to_mon_sources), 3200*sizeof(int32_t));
    } else
    {
        std::cout << "Error opening static array _static_array__array_inh_to_mon_sources." << endl;
    }
    ifstream f_static_array__array_inh_to_mon_targets;
    f_static_array__array_inh_to_mon_targets.open("static_arrays/_static_array__array_inh_to_mon_targets", ios::in | ios::binary);
    if(f_static_array__array_inh_to_mon_targets.is_open())
    {
        f_static_array__array_inh_to_mon_targets.read(reinterpret_cast<char*>(_static_array__array_inh_to_mon_targets), 3200*sizeof(int32_t));
    } else
    {
        std::cout << "Error opening static array _static_array__array_inh_to_mon_targets." << endl;
    }
    ifstream f_static_array__array_inh_to_ts_sources;
    f_static_array__array_inh_to_ts_sources.open("static_arrays/_static_array__array_inh_to_ts_sources", ios::in | ios::binary);
    if(f_static_array__array_inh_to_ts_sources.is_open())
    {
        f_static_array__array_inh_to_ts_sources.read(reinterpret_cast<char*>(_static_array__array_inh_to_ts_sources), 300*sizeof(int32_t));
    } else
    {
        std::cout << "Error opening static array _static_array__array_inh_to_ts_sources." << endl;
    }
    ifstream f_static_array__array_inh_to_ts_targets;
    f_static_array__array_inh_to_ts_targets.open("static_arrays/_static_array__array_inh_to_ts_targets", ios::in | ios::binary);
    if(f_static_array__array_inh_to_ts_targets.is_open())
    {
        f_static_array__array_inh_to_ts_targets.read(reinterpret_cast<char*>(_static_array__array_inh_to_ts_targets), 300*sizeof(int32_t));
    } else
    {
        std::cout << "Error opening static array _static_array__array_inh_to_ts_targets." << endl;
    }
    ifstream f_static_array__array_inh_v;
    f_static_array__array_inh_v.open("static_arrays/_static_array__array_inh_v", ios::in | ios::binary);
    if(f_static_array__array_inh_v.is_open())
    {
        f_static_array__array_inh_v.read(reinterpret_cast<char*>(_static_array__array_inh_v), 2*sizeof(double));
    } else
    {
        std::cout << "Error opening static array _static_array__array_inh_v." << endl;
    }
    ifstream f_static_array__array_lateral_sources;
    f_static_array__array_lateral_sources.open("static_arrays/_static_array__array_lateral_sources", ios::in | ios::binary);
    if(f_static_array__array_lateral_sources.is_open())
    {
        f_static_array__array_lateral_sources.read(reinterpret_cast<char*>(_static_array__array_lateral_sources), 10200*sizeof(int32_t));
    } else
    {
        std::cout << "Error opening static array _static_array__array_lateral_sources." << endl;
    }
    ifstream f_static_array__array_lateral_targets;
    f_static_array__array_lateral_targets.open("static_arrays/_static_array__array_lateral_targets", ios::in | ios::binary);
    if(f_static_array__array_lateral_targets.is_open())
    {
        f_static_array__array_lateral_targets.read(reinterpret_cast<char*>(_static_array__array_lateral_targets), 10200*sizeof(int32_t));
    } else
    {
        std::cout << "Error opening static array _static_array__array_lateral_targets." << endl;
    }
    ifstream f_static_array__array_ll_mon_sources;
    f_static_array__array_ll_mon_sources.open("static_arrays/_static_array__array_ll_mon_sources", ios::in | ios::binary);
    if(f_static_array__array_ll_mon_sources.is_open())
    {
        f_static_array__array_ll_mon_sources.read(reinterpret_cast<char*>(_static_array__array_ll_mon_sources), 32000*sizeof(int32_t));
    } else
    {
        std::cout << "Error opening static array _static_array__array_ll_mon_sources." << endl;
    }
    ifstream f_static_array__array_ll_mon_targets;
    f_static_array__array_ll_mon_targets.open("static_arrays/_static_array__array_ll_mon_targets", ios::in | ios::binary);
    if(f_static_array__array_ll_mon_targets.is_open())
    {
        f_static_array__array_ll_mon_targets.read(reinterpret_cast<char*>(_static_array__array_ll_mon_targets), 32000*sizeof(int32_t));
    } else
    {
        std::cout << "Error opening static array _static_array__array_ll_mon_targets." << endl;
    }
    ifstream f_static_array__array_mon_to_inh_sources;
    f_static_array__array_mon_to_inh_sources.open("static_arrays/_static_array__array_mon_to_inh_sources", ios::in | ios::binary);
    if(f_static_array__array_mon_to_inh_sources.is_open())
    {
        f_static_array__array_mon_to_inh_sources.read(reinterpret_cast<char*>(_static_array__array_mon_to_inh_sources), 85*sizeof(int32_t));
    } else
    {
        std::cout << "Error opening static array _static_array__array_mon_to_inh_sources." << endl;
    }
    ifstream f_static_array__array_mon_to_inh_targets;
    f_static_array__array_mon_to_inh_targets.open("static_arrays/_static_array__array_mon_to_inh_targets", ios::in | ios::binary);
    if(f_static_array__array_mon_to_inh_targets.is_open())
    {
        f_static_array__array_mon_to_inh_targets.read(reinterpret_cast<char*>(_static_array__array_mon_to_inh_targets), 85*sizeof(int32_t));
    } else
    {
        std::cout << "Error opening static array _static_array__array_mon_to_inh_targets." << endl;
    }
    ifstream f_static_array__array_mon_ts_sources;
    f_static_array__array_mon_ts_sources.open("static_arrays/_static_array__array_mon_ts_sources", ios::in | ios::binary);
    if(f_static_array__array_mon_ts_sources.is_open())
    {
        f_static_array__array_mon_ts_sources.read(reinterpret_cast<char*>(_static_array__array_mon_ts_sources), 51200*sizeof(int32_t));
    } else
    {
        std::cout << "Error opening static array _static_array__array_mon_ts_sources." << endl;
    }
    ifstream f_static_array__array_mon_ts_targets;
    f_static_array__array_mon_ts_targets.open("static_arrays/_static_array__array_mon_ts_targets", ios::in | ios::binary);
    if(f_static_array__array_mon_ts_targets.is_open())
    {
        f_static_array__array_mon_ts_targets.read(reinterpret_cast<char*>(_static_array__array_mon_ts_targets), 51200*sizeof(int32_t));
    } else
    {
        std::cout << "Error opening static array _static_array__array_mon_ts_targets." << endl;
    }
    ifstream f_static_array__array_mon_v;
    f_static_array__array_mon_v.open("static_arrays/_static_array__array_mon_v", ios::in | ios::binary);
    if(f_static_array__array_mon_v.is_open())
    {
        f_static_array__array_mon_v.read(reinterpret_cast<char*>(_static_array__array_mon_v), 3200*sizeof(double));
    } else
    {
        std::cout << "Error opening static array _static_array__array_mon_v." << endl;
    }
    ifstream f_static_array__array_ts_to_inh_sources;
    f_static_array__array_ts_to_inh_sources.open("static_arrays/_static_array__array_ts_to_inh_sources", ios::in | ios::binary);
    if(f_static_array__array_ts_to_inh_sources.is_open())
    {
        f_static_array__array_ts_to_inh_sources.read(reinterpret_cast<char*>(_static_array__array_ts_to_inh_sources), 27*sizeof(int32_t));
    } else
    {
        std::cout << "Error opening static array _static_array__array_ts_to_inh_sources." << endl;
    }
    ifstream f_static_array__array_ts_to_inh_targets;
    f_static_array__array_ts_to_inh_targets.open("static_arrays/_static_array__array_ts_to_inh_targets", ios::in | ios::binary);
    if(f_static_array__array_ts_to_inh_targets.is_open())
    {
        f_static_array__array_ts_to_inh_targets.read(reinterpret_cast<char*>(_static_array__array_ts_to_inh_targets), 27*sizeof(int32_t));
    } else
    {
        std::cout << "Error opening static array _static_array__array_ts_to_inh_targets." << endl;
    }
    ifstream f_static_array__array_ts_v;
    f_static_array__array_ts_v.open("static_arrays/_static_array__array_ts_v", ios::in | ios::binary);
    if(f_static_array__array_ts_v.is_open())
    {
        f_static_array__array_ts_v.read(reinterpret_cast<char*>(_static_array__array_ts_v), 300*sizeof(double));
    } else
    {
        std::cout << "Error opening static array _static_array__array_ts_v." << endl;
    }
    ifstream f_static_array__dynamic_array_lateral_w;
    f_static_array__dynamic_array_lateral_w.open("static_arrays/_static_array__dynamic_array_lateral_w", ios::in | ios::binary);
    if(f_static_array__dynamic_array_lateral_w.is_open())
    {
        f_static_array__dynamic_array_lateral_w.read(reinterpret_cast<char*>(_static_array__dynamic_array_lateral_w), 10200*sizeof(double));
    } else
    {
        std::cout << "Error opening static array _static_array__dynamic_array_lateral_w." << endl;
    }
    ifstream f_static_array__dynamic_array_ll__timebins;
    f_static_array__dynamic_array_ll__timebins.open("static_arrays/_static_array__dynamic_array_ll__timebins", ios::in | ios::binary);
    if(f_static_array__dynamic_array_ll__timebins.is_open())
    {
        f_static_array__dynamic_array_ll__timebins.read(reinterpret_cast<char*>(_static_array__dynamic_array_ll__timebins), 120996*sizeof(int32_t));
    } else
    {
        std::cout << "Error opening static array _static_array__dynamic_array_ll__timebins." << endl;
    }
    ifstream f_static_array__dynamic_array_ll_mon_w;
    f_static_array__dynamic_array_ll_mon_w.open("static_arrays/_static_array__dynamic_array_ll_mon_w", ios::in | ios::binary);
    if(f_static_array__dynamic_array_ll_mon_w.is_open())
    {
        f_static_array__dynamic_array_ll_mon_w.read(reinterpret_cast<char*>(_static_array__dynamic_array_ll_mon_w), 32000*sizeof(float));
    } else
    {
        std::cout << "Error opening static array _static_array__dynamic_array_ll_mon_w." << endl;
    }
    ifstream f_static_array__dynamic_array_ll_neuron_index;
    f_static_array__dynamic_array_ll_neuron_index.open("static_arrays/_static_array__dynamic_array_ll_neuron_index", ios::in | ios::binary);
    if(f_static_array__dynamic_array_ll_neuron_index.is_open())
    {
        f_static_array__dynamic_array_ll_neuron_index.read(reinterpret_cast<char*>(_static_array__dynamic_array_ll_neuron_index), 120996*sizeof(int64_t));
    } else
    {
        std::cout << "Error opening static array _static_array__dynamic_array_ll_neuron_index." << endl;
    }
    ifstream f_static_array__dynamic_array_ll_spike_number;
    f_static_array__dynamic_array_ll_spike_number.open("static_arrays/_static_array__dynamic_array_ll_spike_number", ios::in | ios::binary);
    if(f_static_array__dynamic_array_ll_spike_number.is_open())
    {
        f_static_array__dynamic_array_ll_spike_number.read(reinterpret_cast<char*>(_static_array__dynamic_array_ll_spike_number), 120996*sizeof(int64_t));
    } else
    {
        std::cout << "Error opening static array _static_array__dynamic_array_ll_spike_number." << endl;
    }
    ifstream f_static_array__dynamic_array_ll_spike_time;
    f_static_array__dynamic_array_ll_spike_time.open("static_arrays/_static_array__dynamic_array_ll_spike_time", ios::in | ios::binary);
    if(f_static_array__dynamic_array_ll_spike_time.is_open())
    {
        f_static_array__dynamic_array_ll_spike_time.read(reinterpret_cast<char*>(_static_array__dynamic_array_ll_spike_time), 120996*sizeof(double));
    } else
    {
        std::cout << "Error opening static array _static_array__dynamic_array_ll_spike_time." << endl;
    }
    ifstream f_static_array__dynamic_array_mon_ts_w;
    f_static_array__dynamic_array_mon_ts_w.open("static_arrays/_static_array__dynamic_array_mon_ts_w", ios::in | ios::binary);
    if(f_static_array__dynamic_array_mon_ts_w.is_open())
    {
        f_static_array__dynamic_array_mon_ts_w.read(reinterpret_cast<char*>(_static_array__dynamic_array_mon_ts_w), 51200*sizeof(float));
    } else
    {
        std::cout << "Error opening static array _static_array__dynamic_array_mon_ts_w." << endl;
    }
}

void _write_arrays()
{
    using namespace brian;

    ofstream outfile__array_defaultclock_dt;
    outfile__array_defaultclock_dt.open(results_dir + "_array_defaultclock_dt_1978099143", ios::binary | ios::out);
    if(outfile__array_defaultclock_dt.is_open())
    {
        outfile__array_defaultclock_dt.write(reinterpret_cast<char*>(_array_defaultclock_dt), 1*sizeof(_array_defaultclock_dt[0]));
        outfile__array_defaultclock_dt.close();
    } else
    {
        std::cout << "Error writing output file for _array_defaultclock_dt." << endl;
    }
    ofstream outfile__array_defaultclock_t;
    outfile__array_defaultclock_t.open(results_dir + "_array_defaultclock_t_2669362164", ios::binary | ios::out);
    if(outfile__array_defaultclock_t.is_open())
    {
        outfile__array_defaultclock_t.write(reinterpret_cast<char*>(_array_defaultclock_t), 1*sizeof(_array_defaultclock_t[0]));
        outfile__array_defaultclock_t.close();
    } else
    {
        std::cout << "Error writing output file for _array_defaultclock_t." << endl;
    }
    ofstream outfile__array_defaultclock_timestep;
    outfile__array_defaultclock_timestep.open(results_dir + "_array_defaultclock_timestep_144223508", ios::binary | ios::out);
    if(outfile__array_defaultclock_timestep.is_open())
    {
        outfile__array_defaultclock_timestep.write(reinterpret_cast<char*>(_array_defaultclock_timestep), 1*sizeof(_array_defaultclock_timestep[0]));
        outfile__array_defaultclock_timestep.close();
    } else
    {
        std::cout << "Error writing output file for _array_defaultclock_timestep." << endl;
    }
    ofstream outfile__array_inh__spikespace;
    outfile__array_inh__spikespace.open(results_dir + "_array_inh__spikespace_928358693", ios::binary | ios::out);
    if(outfile__array_inh__spikespace.is_open())
    {
        outfile__array_inh__spikespace.write(reinterpret_cast<char*>(_array_inh__spikespace), 3*sizeof(_array_inh__spikespace[0]));
        outfile__array_inh__spikespace.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh__spikespace." << endl;
    }
    ofstream outfile__array_inh_clock_dt;
    outfile__array_inh_clock_dt.open(results_dir + "_array_inh_clock_dt_2264014048", ios::binary | ios::out);
    if(outfile__array_inh_clock_dt.is_open())
    {
        outfile__array_inh_clock_dt.write(reinterpret_cast<char*>(_array_inh_clock_dt), 1*sizeof(_array_inh_clock_dt[0]));
        outfile__array_inh_clock_dt.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh_clock_dt." << endl;
    }
    ofstream outfile__array_inh_clock_t;
    outfile__array_inh_clock_t.open(results_dir + "_array_inh_clock_t_856904934", ios::binary | ios::out);
    if(outfile__array_inh_clock_t.is_open())
    {
        outfile__array_inh_clock_t.write(reinterpret_cast<char*>(_array_inh_clock_t), 1*sizeof(_array_inh_clock_t[0]));
        outfile__array_inh_clock_t.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh_clock_t." << endl;
    }
    ofstream outfile__array_inh_clock_timestep;
    outfile__array_inh_clock_timestep.open(results_dir + "_array_inh_clock_timestep_917925888", ios::binary | ios::out);
    if(outfile__array_inh_clock_timestep.is_open())
    {
        outfile__array_inh_clock_timestep.write(reinterpret_cast<char*>(_array_inh_clock_timestep), 1*sizeof(_array_inh_clock_timestep[0]));
        outfile__array_inh_clock_timestep.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh_clock_timestep." << endl;
    }
    ofstream outfile__array_inh_g_e;
    outfile__array_inh_g_e.open(results_dir + "_array_inh_g_e_2831304457", ios::binary | ios::out);
    if(outfile__array_inh_g_e.is_open())
    {
        outfile__array_inh_g_e.write(reinterpret_cast<char*>(_array_inh_g_e), 2*sizeof(_array_inh_g_e[0]));
        outfile__array_inh_g_e.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh_g_e." << endl;
    }
    ofstream outfile__array_inh_g_i;
    outfile__array_inh_g_i.open(results_dir + "_array_inh_g_i_2708736802", ios::binary | ios::out);
    if(outfile__array_inh_g_i.is_open())
    {
        outfile__array_inh_g_i.write(reinterpret_cast<char*>(_array_inh_g_i), 2*sizeof(_array_inh_g_i[0]));
        outfile__array_inh_g_i.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh_g_i." << endl;
    }
    ofstream outfile__array_inh_i;
    outfile__array_inh_i.open(results_dir + "_array_inh_i_280161296", ios::binary | ios::out);
    if(outfile__array_inh_i.is_open())
    {
        outfile__array_inh_i.write(reinterpret_cast<char*>(_array_inh_i), 2*sizeof(_array_inh_i[0]));
        outfile__array_inh_i.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh_i." << endl;
    }
    ofstream outfile__array_inh_lastspike;
    outfile__array_inh_lastspike.open(results_dir + "_array_inh_lastspike_3624176193", ios::binary | ios::out);
    if(outfile__array_inh_lastspike.is_open())
    {
        outfile__array_inh_lastspike.write(reinterpret_cast<char*>(_array_inh_lastspike), 2*sizeof(_array_inh_lastspike[0]));
        outfile__array_inh_lastspike.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh_lastspike." << endl;
    }
    ofstream outfile__array_inh_not_refractory;
    outfile__array_inh_not_refractory.open(results_dir + "_array_inh_not_refractory_1374068593", ios::binary | ios::out);
    if(outfile__array_inh_not_refractory.is_open())
    {
        outfile__array_inh_not_refractory.write(reinterpret_cast<char*>(_array_inh_not_refractory), 2*sizeof(_array_inh_not_refractory[0]));
        outfile__array_inh_not_refractory.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh_not_refractory." << endl;
    }
    ofstream outfile__array_inh_spikes__source_idx;
    outfile__array_inh_spikes__source_idx.open(results_dir + "_array_inh_spikes__source_idx_2412330746", ios::binary | ios::out);
    if(outfile__array_inh_spikes__source_idx.is_open())
    {
        outfile__array_inh_spikes__source_idx.write(reinterpret_cast<char*>(_array_inh_spikes__source_idx), 2*sizeof(_array_inh_spikes__source_idx[0]));
        outfile__array_inh_spikes__source_idx.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh_spikes__source_idx." << endl;
    }
    ofstream outfile__array_inh_spikes_count;
    outfile__array_inh_spikes_count.open(results_dir + "_array_inh_spikes_count_3806808945", ios::binary | ios::out);
    if(outfile__array_inh_spikes_count.is_open())
    {
        outfile__array_inh_spikes_count.write(reinterpret_cast<char*>(_array_inh_spikes_count), 2*sizeof(_array_inh_spikes_count[0]));
        outfile__array_inh_spikes_count.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh_spikes_count." << endl;
    }
    ofstream outfile__array_inh_spikes_N;
    outfile__array_inh_spikes_N.open(results_dir + "_array_inh_spikes_N_2536017296", ios::binary | ios::out);
    if(outfile__array_inh_spikes_N.is_open())
    {
        outfile__array_inh_spikes_N.write(reinterpret_cast<char*>(_array_inh_spikes_N), 1*sizeof(_array_inh_spikes_N[0]));
        outfile__array_inh_spikes_N.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh_spikes_N." << endl;
    }
    ofstream outfile__array_inh_to_mon_clock_dt;
    outfile__array_inh_to_mon_clock_dt.open(results_dir + "_array_inh_to_mon_clock_dt_113160927", ios::binary | ios::out);
    if(outfile__array_inh_to_mon_clock_dt.is_open())
    {
        outfile__array_inh_to_mon_clock_dt.write(reinterpret_cast<char*>(_array_inh_to_mon_clock_dt), 1*sizeof(_array_inh_to_mon_clock_dt[0]));
        outfile__array_inh_to_mon_clock_dt.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh_to_mon_clock_dt." << endl;
    }
    ofstream outfile__array_inh_to_mon_clock_t;
    outfile__array_inh_to_mon_clock_t.open(results_dir + "_array_inh_to_mon_clock_t_450535539", ios::binary | ios::out);
    if(outfile__array_inh_to_mon_clock_t.is_open())
    {
        outfile__array_inh_to_mon_clock_t.write(reinterpret_cast<char*>(_array_inh_to_mon_clock_t), 1*sizeof(_array_inh_to_mon_clock_t[0]));
        outfile__array_inh_to_mon_clock_t.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh_to_mon_clock_t." << endl;
    }
    ofstream outfile__array_inh_to_mon_clock_timestep;
    outfile__array_inh_to_mon_clock_timestep.open(results_dir + "_array_inh_to_mon_clock_timestep_1014634634", ios::binary | ios::out);
    if(outfile__array_inh_to_mon_clock_timestep.is_open())
    {
        outfile__array_inh_to_mon_clock_timestep.write(reinterpret_cast<char*>(_array_inh_to_mon_clock_timestep), 1*sizeof(_array_inh_to_mon_clock_timestep[0]));
        outfile__array_inh_to_mon_clock_timestep.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh_to_mon_clock_timestep." << endl;
    }
    ofstream outfile__array_inh_to_mon_N;
    outfile__array_inh_to_mon_N.open(results_dir + "_array_inh_to_mon_N_710650361", ios::binary | ios::out);
    if(outfile__array_inh_to_mon_N.is_open())
    {
        outfile__array_inh_to_mon_N.write(reinterpret_cast<char*>(_array_inh_to_mon_N), 1*sizeof(_array_inh_to_mon_N[0]));
        outfile__array_inh_to_mon_N.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh_to_mon_N." << endl;
    }
    ofstream outfile__array_inh_to_mon_sources;
    outfile__array_inh_to_mon_sources.open(results_dir + "_array_inh_to_mon_sources_2361125800", ios::binary | ios::out);
    if(outfile__array_inh_to_mon_sources.is_open())
    {
        outfile__array_inh_to_mon_sources.write(reinterpret_cast<char*>(_array_inh_to_mon_sources), 3200*sizeof(_array_inh_to_mon_sources[0]));
        outfile__array_inh_to_mon_sources.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh_to_mon_sources." << endl;
    }
    ofstream outfile__array_inh_to_mon_targets;
    outfile__array_inh_to_mon_targets.open(results_dir + "_array_inh_to_mon_targets_4054159433", ios::binary | ios::out);
    if(outfile__array_inh_to_mon_targets.is_open())
    {
        outfile__array_inh_to_mon_targets.write(reinterpret_cast<char*>(_array_inh_to_mon_targets), 3200*sizeof(_array_inh_to_mon_targets[0]));
        outfile__array_inh_to_mon_targets.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh_to_mon_targets." << endl;
    }
    ofstream outfile__array_inh_to_ts_clock_dt;
    outfile__array_inh_to_ts_clock_dt.open(results_dir + "_array_inh_to_ts_clock_dt_1989397541", ios::binary | ios::out);
    if(outfile__array_inh_to_ts_clock_dt.is_open())
    {
        outfile__array_inh_to_ts_clock_dt.write(reinterpret_cast<char*>(_array_inh_to_ts_clock_dt), 1*sizeof(_array_inh_to_ts_clock_dt[0]));
        outfile__array_inh_to_ts_clock_dt.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh_to_ts_clock_dt." << endl;
    }
    ofstream outfile__array_inh_to_ts_clock_t;
    outfile__array_inh_to_ts_clock_t.open(results_dir + "_array_inh_to_ts_clock_t_1565578614", ios::binary | ios::out);
    if(outfile__array_inh_to_ts_clock_t.is_open())
    {
        outfile__array_inh_to_ts_clock_t.write(reinterpret_cast<char*>(_array_inh_to_ts_clock_t), 1*sizeof(_array_inh_to_ts_clock_t[0]));
        outfile__array_inh_to_ts_clock_t.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh_to_ts_clock_t." << endl;
    }
    ofstream outfile__array_inh_to_ts_clock_timestep;
    outfile__array_inh_to_ts_clock_timestep.open(results_dir + "_array_inh_to_ts_clock_timestep_3359138792", ios::binary | ios::out);
    if(outfile__array_inh_to_ts_clock_timestep.is_open())
    {
        outfile__array_inh_to_ts_clock_timestep.write(reinterpret_cast<char*>(_array_inh_to_ts_clock_timestep), 1*sizeof(_array_inh_to_ts_clock_timestep[0]));
        outfile__array_inh_to_ts_clock_timestep.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh_to_ts_clock_timestep." << endl;
    }
    ofstream outfile__array_inh_to_ts_N;
    outfile__array_inh_to_ts_N.open(results_dir + "_array_inh_to_ts_N_2938665170", ios::binary | ios::out);
    if(outfile__array_inh_to_ts_N.is_open())
    {
        outfile__array_inh_to_ts_N.write(reinterpret_cast<char*>(_array_inh_to_ts_N), 1*sizeof(_array_inh_to_ts_N[0]));
        outfile__array_inh_to_ts_N.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh_to_ts_N." << endl;
    }
    ofstream outfile__array_inh_to_ts_sources;
    outfile__array_inh_to_ts_sources.open(results_dir + "_array_inh_to_ts_sources_3409026733", ios::binary | ios::out);
    if(outfile__array_inh_to_ts_sources.is_open())
    {
        outfile__array_inh_to_ts_sources.write(reinterpret_cast<char*>(_array_inh_to_ts_sources), 300*sizeof(_array_inh_to_ts_sources[0]));
        outfile__array_inh_to_ts_sources.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh_to_ts_sources." << endl;
    }
    ofstream outfile__array_inh_to_ts_targets;
    outfile__array_inh_to_ts_targets.open(results_dir + "_array_inh_to_ts_targets_3056592204", ios::binary | ios::out);
    if(outfile__array_inh_to_ts_targets.is_open())
    {
        outfile__array_inh_to_ts_targets.write(reinterpret_cast<char*>(_array_inh_to_ts_targets), 300*sizeof(_array_inh_to_ts_targets[0]));
        outfile__array_inh_to_ts_targets.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh_to_ts_targets." << endl;
    }
    ofstream outfile__array_inh_v;
    outfile__array_inh_v.open(results_dir + "_array_inh_v_2646270437", ios::binary | ios::out);
    if(outfile__array_inh_v.is_open())
    {
        outfile__array_inh_v.write(reinterpret_cast<char*>(_array_inh_v), 2*sizeof(_array_inh_v[0]));
        outfile__array_inh_v.close();
    } else
    {
        std::cout << "Error writing output file for _array_inh_v." << endl;
    }
    ofstream outfile__array_lateral_clock_dt;
    outfile__array_lateral_clock_dt.open(results_dir + "_array_lateral_clock_dt_3484033194", ios::binary | ios::out);
    if(outfile__array_lateral_clock_dt.is_open())
    {
        outfile__array_lateral_clock_dt.write(reinterpret_cast<char*>(_array_lateral_clock_dt), 1*sizeof(_array_lateral_clock_dt[0]));
        outfile__array_lateral_clock_dt.close();
    } else
    {
        std::cout << "Error writing output file for _array_lateral_clock_dt." << endl;
    }
    ofstream outfile__array_lateral_clock_t;
    outfile__array_lateral_clock_t.open(results_dir + "_array_lateral_clock_t_40391424", ios::binary | ios::out);
    if(outfile__array_lateral_clock_t.is_open())
    {
        outfile__array_lateral_clock_t.write(reinterpret_cast<char*>(_array_lateral_clock_t), 1*sizeof(_array_lateral_clock_t[0]));
        outfile__array_lateral_clock_t.close();
    } else
    {
        std::cout << "Error writing output file for _array_lateral_clock_t." << endl;
    }
    ofstream outfile__array_lateral_clock_timestep;
    outfile__array_lateral_clock_timestep.open(results_dir + "_array_lateral_clock_timestep_2371263887", ios::binary | ios::out);
    if(outfile__array_lateral_clock_timestep.is_open())
    {
        outfile__array_lateral_clock_timestep.write(reinterpret_cast<char*>(_array_lateral_clock_timestep), 1*sizeof(_array_lateral_clock_timestep[0]));
        outfile__array_lateral_clock_timestep.close();
    } else
    {
        std::cout << "Error writing output file for _array_lateral_clock_timestep." << endl;
    }
    ofstream outfile__array_lateral_N;
    outfile__array_lateral_N.open(results_dir + "_array_lateral_N_4125741366", ios::binary | ios::out);
    if(outfile__array_lateral_N.is_open())
    {
        outfile__array_lateral_N.write(reinterpret_cast<char*>(_array_lateral_N), 1*sizeof(_array_lateral_N[0]));
        outfile__array_lateral_N.close();
    } else
    {
        std::cout << "Error writing output file for _array_lateral_N." << endl;
    }
    ofstream outfile__array_lateral_sources;
    outfile__array_lateral_sources.open(results_dir + "_array_lateral_sources_2483624155", ios::binary | ios::out);
    if(outfile__array_lateral_sources.is_open())
    {
        outfile__array_lateral_sources.write(reinterpret_cast<char*>(_array_lateral_sources), 10200*sizeof(_array_lateral_sources[0]));
        outfile__array_lateral_sources.close();
    } else
    {
        std::cout << "Error writing output file for _array_lateral_sources." << endl;
    }
    ofstream outfile__array_lateral_targets;
    outfile__array_lateral_targets.open(results_dir + "_array_lateral_targets_3910624058", ios::binary | ios::out);
    if(outfile__array_lateral_targets.is_open())
    {
        outfile__array_lateral_targets.write(reinterpret_cast<char*>(_array_lateral_targets), 10200*sizeof(_array_lateral_targets[0]));
        outfile__array_lateral_targets.close();
    } else
    {
        std::cout << "Error writing output file for _array_lateral_targets." << endl;
    }
    ofstream outfile__array_ll__lastindex;
    outfile__array_ll__lastindex.open(results_dir + "_array_ll__lastindex_1200260313", ios::binary | ios::out);
    if(outfile__array_ll__lastindex.is_open())
    {
        outfile__array_ll__lastindex.write(reinterpret_cast<char*>(_array_ll__lastindex), 1*sizeof(_array_ll__lastindex[0]));
        outfile__array_ll__lastindex.close();
    } else
    {
        std::cout << "Error writing output file for _array_ll__lastindex." << endl;
    }
    ofstream outfile__array_ll__period_bins;
    outfile__array_ll__period_bins.open(results_dir + "_array_ll__period_bins_13607503", ios::binary | ios::out);
    if(outfile__array_ll__period_bins.is_open())
    {
        outfile__array_ll__period_bins.write(reinterpret_cast<char*>(_array_ll__period_bins), 1*sizeof(_array_ll__period_bins[0]));
        outfile__array_ll__period_bins.close();
    } else
    {
        std::cout << "Error writing output file for _array_ll__period_bins." << endl;
    }
    ofstream outfile__array_ll__spikespace;
    outfile__array_ll__spikespace.open(results_dir + "_array_ll__spikespace_2677532667", ios::binary | ios::out);
    if(outfile__array_ll__spikespace.is_open())
    {
        outfile__array_ll__spikespace.write(reinterpret_cast<char*>(_array_ll__spikespace), 101*sizeof(_array_ll__spikespace[0]));
        outfile__array_ll__spikespace.close();
    } else
    {
        std::cout << "Error writing output file for _array_ll__spikespace." << endl;
    }
    ofstream outfile__array_ll_clock_dt;
    outfile__array_ll_clock_dt.open(results_dir + "_array_ll_clock_dt_2982913645", ios::binary | ios::out);
    if(outfile__array_ll_clock_dt.is_open())
    {
        outfile__array_ll_clock_dt.write(reinterpret_cast<char*>(_array_ll_clock_dt), 1*sizeof(_array_ll_clock_dt[0]));
        outfile__array_ll_clock_dt.close();
    } else
    {
        std::cout << "Error writing output file for _array_ll_clock_dt." << endl;
    }
    ofstream outfile__array_ll_clock_t;
    outfile__array_ll_clock_t.open(results_dir + "_array_ll_clock_t_3532794125", ios::binary | ios::out);
    if(outfile__array_ll_clock_t.is_open())
    {
        outfile__array_ll_clock_t.write(reinterpret_cast<char*>(_array_ll_clock_t), 1*sizeof(_array_ll_clock_t[0]));
        outfile__array_ll_clock_t.close();
    } else
    {
        std::cout << "Error writing output file for _array_ll_clock_t." << endl;
    }
    ofstream outfile__array_ll_clock_timestep;
    outfile__array_ll_clock_timestep.open(results_dir + "_array_ll_clock_timestep_1659380621", ios::binary | ios::out);
    if(outfile__array_ll_clock_timestep.is_open())
    {
        outfile__array_ll_clock_timestep.write(reinterpret_cast<char*>(_array_ll_clock_timestep), 1*sizeof(_array_ll_clock_timestep[0]));
        outfile__array_ll_clock_timestep.close();
    } else
    {
        std::cout << "Error writing output file for _array_ll_clock_timestep." << endl;
    }
    ofstream outfile__array_ll_i;
    outfile__array_ll_i.open(results_dir + "_array_ll_i_203107108", ios::binary | ios::out);
    if(outfile__array_ll_i.is_open())
    {
        outfile__array_ll_i.write(reinterpret_cast<char*>(_array_ll_i), 100*sizeof(_array_ll_i[0]));
        outfile__array_ll_i.close();
    } else
    {
        std::cout << "Error writing output file for _array_ll_i." << endl;
    }
    ofstream outfile__array_ll_mon_clock_dt;
    outfile__array_ll_mon_clock_dt.open(results_dir + "_array_ll_mon_clock_dt_3654724682", ios::binary | ios::out);
    if(outfile__array_ll_mon_clock_dt.is_open())
    {
        outfile__array_ll_mon_clock_dt.write(reinterpret_cast<char*>(_array_ll_mon_clock_dt), 1*sizeof(_array_ll_mon_clock_dt[0]));
        outfile__array_ll_mon_clock_dt.close();
    } else
    {
        std::cout << "Error writing output file for _array_ll_mon_clock_dt." << endl;
    }
    ofstream outfile__array_ll_mon_clock_t;
    outfile__array_ll_mon_clock_t.open(results_dir + "_array_ll_mon_clock_t_304871135", ios::binary | ios::out);
    if(outfile__array_ll_mon_clock_t.is_open())
    {
        outfile__array_ll_mon_clock_t.write(reinterpret_cast<char*>(_array_ll_mon_clock_t), 1*sizeof(_array_ll_mon_clock_t[0]));
        outfile__array_ll_mon_clock_t.close();
    } else
    {
        std::cout << "Error writing output file for _array_ll_mon_clock_t." << endl;
    }
    ofstream outfile__array_ll_mon_clock_timestep;
    outfile__array_ll_mon_clock_timestep.open(results_dir + "_array_ll_mon_clock_timestep_3594918776", ios::binary | ios::out);
    if(outfile__array_ll_mon_clock_timestep.is_open())
    {
        outfile__array_ll_mon_clock_timestep.write(reinterpret_cast<char*>(_array_ll_mon_clock_timestep), 1*sizeof(_array_ll_mon_clock_timestep[0]));
        outfile__array_ll_mon_clock_timestep.close();
    } else
    {
        std::cout << "Error writing output file for _array_ll_mon_clock_timestep." << endl;
    }
    ofstream outfile__array_ll_mon_N;
    outfile__array_ll_mon_N.open(results_dir + "_array_ll_mon_N_3796321142", ios::binary | ios::out);
    if(outfile__array_ll_mon_N.is_open())
    {
        outfile__array_ll_mon_N.write(reinterpret_cast<char*>(_array_ll_mon_N), 1*sizeof(_array_ll_mon_N[0]));
        outfile__array_ll_mon_N.close();
    } else
    {
        std::cout << "Error writing output file for _array_ll_mon_N." << endl;
    }
    ofstream outfile__array_ll_mon_sources;
    outfile__array_ll_mon_sources.open(results_dir + "_array_ll_mon_sources_2219490564", ios::binary | ios::out);
    if(outfile__array_ll_mon_sources.is_open())
    {
        outfile__array_ll_mon_sources.write(reinterpret_cast<char*>(_array_ll_mon_sources), 32000*sizeof(_array_ll_mon_sources[0]));
        outfile__array_ll_mon_sources.close();
    } else
    {
        std::cout << "Error writing output file for _array_ll_mon_sources." << endl;
    }
    ofstream outfile__array_ll_mon_targets;
    outfile__array_ll_mon_targets.open(results_dir + "_array_ll_mon_targets_4183082725", ios::binary | ios::out);
    if(outfile__array_ll_mon_targets.is_open())
    {
        outfile__array_ll_mon_targets.write(reinterpret_cast<char*>(_array_ll_mon_targets), 32000*sizeof(_array_ll_mon_targets[0]));
        outfile__array_ll_mon_targets.close();
    } else
    {
        std::cout << "Error writing output file for _array_ll_mon_targets." << endl;
    }
    ofstream outfile__array_ll_period;
    outfile__array_ll_period.open(results_dir + "_array_ll_period_1645720708", ios::binary | ios::out);
    if(outfile__array_ll_period.is_open())
    {
        outfile__array_ll_period.write(reinterpret_cast<char*>(_array_ll_period), 1*sizeof(_array_ll_period[0]));
        outfile__array_ll_period.close();
    } else
    {
        std::cout << "Error writing output file for _array_ll_period." << endl;
    }
    ofstream outfile__array_mon__spikespace;
    outfile__array_mon__spikespace.open(results_dir + "_array_mon__spikespace_2160327405", ios::binary | ios::out);
    if(outfile__array_mon__spikespace.is_open())
    {
        outfile__array_mon__spikespace.write(reinterpret_cast<char*>(_array_mon__spikespace), 3201*sizeof(_array_mon__spikespace[0]));
        outfile__array_mon__spikespace.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon__spikespace." << endl;
    }
    ofstream outfile__array_mon_clock_dt;
    outfile__array_mon_clock_dt.open(results_dir + "_array_mon_clock_dt_1231325208", ios::binary | ios::out);
    if(outfile__array_mon_clock_dt.is_open())
    {
        outfile__array_mon_clock_dt.write(reinterpret_cast<char*>(_array_mon_clock_dt), 1*sizeof(_array_mon_clock_dt[0]));
        outfile__array_mon_clock_dt.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon_clock_dt." << endl;
    }
    ofstream outfile__array_mon_clock_t;
    outfile__array_mon_clock_t.open(results_dir + "_array_mon_clock_t_521287120", ios::binary | ios::out);
    if(outfile__array_mon_clock_t.is_open())
    {
        outfile__array_mon_clock_t.write(reinterpret_cast<char*>(_array_mon_clock_t), 1*sizeof(_array_mon_clock_t[0]));
        outfile__array_mon_clock_t.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon_clock_t." << endl;
    }
    ofstream outfile__array_mon_clock_timestep;
    outfile__array_mon_clock_timestep.open(results_dir + "_array_mon_clock_timestep_3911779745", ios::binary | ios::out);
    if(outfile__array_mon_clock_timestep.is_open())
    {
        outfile__array_mon_clock_timestep.write(reinterpret_cast<char*>(_array_mon_clock_timestep), 1*sizeof(_array_mon_clock_timestep[0]));
        outfile__array_mon_clock_timestep.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon_clock_timestep." << endl;
    }
    ofstream outfile__array_mon_g_e;
    outfile__array_mon_g_e.open(results_dir + "_array_mon_g_e_412173599", ios::binary | ios::out);
    if(outfile__array_mon_g_e.is_open())
    {
        outfile__array_mon_g_e.write(reinterpret_cast<char*>(_array_mon_g_e), 3200*sizeof(_array_mon_g_e[0]));
        outfile__array_mon_g_e.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon_g_e." << endl;
    }
    ofstream outfile__array_mon_g_i;
    outfile__array_mon_g_i.open(results_dir + "_array_mon_g_i_287770932", ios::binary | ios::out);
    if(outfile__array_mon_g_i.is_open())
    {
        outfile__array_mon_g_i.write(reinterpret_cast<char*>(_array_mon_g_i), 3200*sizeof(_array_mon_g_i[0]));
        outfile__array_mon_g_i.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon_g_i." << endl;
    }
    ofstream outfile__array_mon_i;
    outfile__array_mon_i.open(results_dir + "_array_mon_i_1493389575", ios::binary | ios::out);
    if(outfile__array_mon_i.is_open())
    {
        outfile__array_mon_i.write(reinterpret_cast<char*>(_array_mon_i), 3200*sizeof(_array_mon_i[0]));
        outfile__array_mon_i.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon_i." << endl;
    }
    ofstream outfile__array_mon_lastspike;
    outfile__array_mon_lastspike.open(results_dir + "_array_mon_lastspike_1806526203", ios::binary | ios::out);
    if(outfile__array_mon_lastspike.is_open())
    {
        outfile__array_mon_lastspike.write(reinterpret_cast<char*>(_array_mon_lastspike), 3200*sizeof(_array_mon_lastspike[0]));
        outfile__array_mon_lastspike.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon_lastspike." << endl;
    }
    ofstream outfile__array_mon_not_refractory;
    outfile__array_mon_not_refractory.open(results_dir + "_array_mon_not_refractory_2390354640", ios::binary | ios::out);
    if(outfile__array_mon_not_refractory.is_open())
    {
        outfile__array_mon_not_refractory.write(reinterpret_cast<char*>(_array_mon_not_refractory), 3200*sizeof(_array_mon_not_refractory[0]));
        outfile__array_mon_not_refractory.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon_not_refractory." << endl;
    }
    ofstream outfile__array_mon_spikes__source_idx;
    outfile__array_mon_spikes__source_idx.open(results_dir + "_array_mon_spikes__source_idx_3364991921", ios::binary | ios::out);
    if(outfile__array_mon_spikes__source_idx.is_open())
    {
        outfile__array_mon_spikes__source_idx.write(reinterpret_cast<char*>(_array_mon_spikes__source_idx), 3200*sizeof(_array_mon_spikes__source_idx[0]));
        outfile__array_mon_spikes__source_idx.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon_spikes__source_idx." << endl;
    }
    ofstream outfile__array_mon_spikes_count;
    outfile__array_mon_spikes_count.open(results_dir + "_array_mon_spikes_count_2012190632", ios::binary | ios::out);
    if(outfile__array_mon_spikes_count.is_open())
    {
        outfile__array_mon_spikes_count.write(reinterpret_cast<char*>(_array_mon_spikes_count), 3200*sizeof(_array_mon_spikes_count[0]));
        outfile__array_mon_spikes_count.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon_spikes_count." << endl;
    }
    ofstream outfile__array_mon_spikes_N;
    outfile__array_mon_spikes_N.open(results_dir + "_array_mon_spikes_N_1488853352", ios::binary | ios::out);
    if(outfile__array_mon_spikes_N.is_open())
    {
        outfile__array_mon_spikes_N.write(reinterpret_cast<char*>(_array_mon_spikes_N), 1*sizeof(_array_mon_spikes_N[0]));
        outfile__array_mon_spikes_N.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon_spikes_N." << endl;
    }
    ofstream outfile__array_mon_to_inh_clock_dt;
    outfile__array_mon_to_inh_clock_dt.open(results_dir + "_array_mon_to_inh_clock_dt_1747331628", ios::binary | ios::out);
    if(outfile__array_mon_to_inh_clock_dt.is_open())
    {
        outfile__array_mon_to_inh_clock_dt.write(reinterpret_cast<char*>(_array_mon_to_inh_clock_dt), 1*sizeof(_array_mon_to_inh_clock_dt[0]));
        outfile__array_mon_to_inh_clock_dt.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon_to_inh_clock_dt." << endl;
    }
    ofstream outfile__array_mon_to_inh_clock_t;
    outfile__array_mon_to_inh_clock_t.open(results_dir + "_array_mon_to_inh_clock_t_3913594084", ios::binary | ios::out);
    if(outfile__array_mon_to_inh_clock_t.is_open())
    {
        outfile__array_mon_to_inh_clock_t.write(reinterpret_cast<char*>(_array_mon_to_inh_clock_t), 1*sizeof(_array_mon_to_inh_clock_t[0]));
        outfile__array_mon_to_inh_clock_t.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon_to_inh_clock_t." << endl;
    }
    ofstream outfile__array_mon_to_inh_clock_timestep;
    outfile__array_mon_to_inh_clock_timestep.open(results_dir + "_array_mon_to_inh_clock_timestep_1958162573", ios::binary | ios::out);
    if(outfile__array_mon_to_inh_clock_timestep.is_open())
    {
        outfile__array_mon_to_inh_clock_timestep.write(reinterpret_cast<char*>(_array_mon_to_inh_clock_timestep), 1*sizeof(_array_mon_to_inh_clock_timestep[0]));
        outfile__array_mon_to_inh_clock_timestep.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon_to_inh_clock_timestep." << endl;
    }
    ofstream outfile__array_mon_to_inh_N;
    outfile__array_mon_to_inh_N.open(results_dir + "_array_mon_to_inh_N_2893840406", ios::binary | ios::out);
    if(outfile__array_mon_to_inh_N.is_open())
    {
        outfile__array_mon_to_inh_N.write(reinterpret_cast<char*>(_array_mon_to_inh_N), 1*sizeof(_array_mon_to_inh_N[0]));
        outfile__array_mon_to_inh_N.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon_to_inh_N." << endl;
    }
    ofstream outfile__array_mon_to_inh_sources;
    outfile__array_mon_to_inh_sources.open(results_dir + "_array_mon_to_inh_sources_2133196607", ios::binary | ios::out);
    if(outfile__array_mon_to_inh_sources.is_open())
    {
        outfile__array_mon_to_inh_sources.write(reinterpret_cast<char*>(_array_mon_to_inh_sources), 85*sizeof(_array_mon_to_inh_sources[0]));
        outfile__array_mon_to_inh_sources.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon_to_inh_sources." << endl;
    }
    ofstream outfile__array_mon_to_inh_targets;
    outfile__array_mon_to_inh_targets.open(results_dir + "_array_mon_to_inh_targets_37455070", ios::binary | ios::out);
    if(outfile__array_mon_to_inh_targets.is_open())
    {
        outfile__array_mon_to_inh_targets.write(reinterpret_cast<char*>(_array_mon_to_inh_targets), 85*sizeof(_array_mon_to_inh_targets[0]));
        outfile__array_mon_to_inh_targets.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon_to_inh_targets." << endl;
    }
    ofstream outfile__array_mon_ts_clock_dt;
    outfile__array_mon_ts_clock_dt.open(results_dir + "_array_mon_ts_clock_dt_1630963615", ios::binary | ios::out);
    if(outfile__array_mon_ts_clock_dt.is_open())
    {
        outfile__array_mon_ts_clock_dt.write(reinterpret_cast<char*>(_array_mon_ts_clock_dt), 1*sizeof(_array_mon_ts_clock_dt[0]));
        outfile__array_mon_ts_clock_dt.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon_ts_clock_dt." << endl;
    }
    ofstream outfile__array_mon_ts_clock_t;
    outfile__array_mon_ts_clock_t.open(results_dir + "_array_mon_ts_clock_t_1336225000", ios::binary | ios::out);
    if(outfile__array_mon_ts_clock_t.is_open())
    {
        outfile__array_mon_ts_clock_t.write(reinterpret_cast<char*>(_array_mon_ts_clock_t), 1*sizeof(_array_mon_ts_clock_t[0]));
        outfile__array_mon_ts_clock_t.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon_ts_clock_t." << endl;
    }
    ofstream outfile__array_mon_ts_clock_timestep;
    outfile__array_mon_ts_clock_timestep.open(results_dir + "_array_mon_ts_clock_timestep_1066821217", ios::binary | ios::out);
    if(outfile__array_mon_ts_clock_timestep.is_open())
    {
        outfile__array_mon_ts_clock_timestep.write(reinterpret_cast<char*>(_array_mon_ts_clock_timestep), 1*sizeof(_array_mon_ts_clock_timestep[0]));
        outfile__array_mon_ts_clock_timestep.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon_ts_clock_timestep." << endl;
    }
    ofstream outfile__array_mon_ts_N;
    outfile__array_mon_ts_N.open(results_dir + "_array_mon_ts_N_2552530470", ios::binary | ios::out);
    if(outfile__array_mon_ts_N.is_open())
    {
        outfile__array_mon_ts_N.write(reinterpret_cast<char*>(_array_mon_ts_N), 1*sizeof(_array_mon_ts_N[0]));
        outfile__array_mon_ts_N.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon_ts_N." << endl;
    }
    ofstream outfile__array_mon_ts_sources;
    outfile__array_mon_ts_sources.open(results_dir + "_array_mon_ts_sources_3653527347", ios::binary | ios::out);
    if(outfile__array_mon_ts_sources.is_open())
    {
        outfile__array_mon_ts_sources.write(reinterpret_cast<char*>(_array_mon_ts_sources), 51200*sizeof(_array_mon_ts_sources[0]));
        outfile__array_mon_ts_sources.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon_ts_sources." << endl;
    }
    ofstream outfile__array_mon_ts_targets;
    outfile__array_mon_ts_targets.open(results_dir + "_array_mon_ts_targets_2765757650", ios::binary | ios::out);
    if(outfile__array_mon_ts_targets.is_open())
    {
        outfile__array_mon_ts_targets.write(reinterpret_cast<char*>(_array_mon_ts_targets), 51200*sizeof(_array_mon_ts_targets[0]));
        outfile__array_mon_ts_targets.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon_ts_targets." << endl;
    }
    ofstream outfile__array_mon_v;
    outfile__array_mon_v.open(results_dir + "_array_mon_v_3557514482", ios::binary | ios::out);
    if(outfile__array_mon_v.is_open())
    {
        outfile__array_mon_v.write(reinterpret_cast<char*>(_array_mon_v), 3200*sizeof(_array_mon_v[0]));
        outfile__array_mon_v.close();
    } else
    {
        std::cout << "Error writing output file for _array_mon_v." << endl;
    }
    ofstream outfile__array_ts__spikespace;
    outfile__array_ts__spikespace.open(results_dir + "_array_ts__spikespace_1493939790", ios::binary | ios::out);
    if(outfile__array_ts__spikespace.is_open())
    {
        outfile__array_ts__spikespace.write(reinterpret_cast<char*>(_array_ts__spikespace), 301*sizeof(_array_ts__spikespace[0]));
        outfile__array_ts__spikespace.close();
    } else
    {
        std::cout << "Error writing output file for _array_ts__spikespace." << endl;
    }
    ofstream outfile__array_ts_clock_dt;
    outfile__array_ts_clock_dt.open(results_dir + "_array_ts_clock_dt_1935366534", ios::binary | ios::out);
    if(outfile__array_ts_clock_dt.is_open())
    {
        outfile__array_ts_clock_dt.write(reinterpret_cast<char*>(_array_ts_clock_dt), 1*sizeof(_array_ts_clock_dt[0]));
        outfile__array_ts_clock_dt.close();
    } else
    {
        std::cout << "Error writing output file for _array_ts_clock_dt." << endl;
    }
    ofstream outfile__array_ts_clock_t;
    outfile__array_ts_clock_t.open(results_dir + "_array_ts_clock_t_2509399473", ios::binary | ios::out);
    if(outfile__array_ts_clock_t.is_open())
    {
        outfile__array_ts_clock_t.write(reinterpret_cast<char*>(_array_ts_clock_t), 1*sizeof(_array_ts_clock_t[0]));
        outfile__array_ts_clock_t.close();
    } else
    {
        std::cout << "Error writing output file for _array_ts_clock_t." << endl;
    }
    ofstream outfile__array_ts_clock_timestep;
    outfile__array_ts_clock_timestep.open(results_dir + "_array_ts_clock_timestep_4217679050", ios::binary | ios::out);
    if(outfile__array_ts_clock_timestep.is_open())
    {
        outfile__array_ts_clock_timestep.write(reinterpret_cast<char*>(_array_ts_clock_timestep), 1*sizeof(_array_ts_clock_timestep[0]));
        outfile__array_ts_clock_timestep.close();
    } else
    {
        std::cout << "Error writing output file for _array_ts_clock_timestep." << endl;
    }
    ofstream outfile__array_ts_g_e;
    outfile__array_ts_g_e.open(results_dir + "_array_ts_g_e_467501025", ios::binary | ios::out);
    if(outfile__array_ts_g_e.is_open())
    {
        outfile__array_ts_g_e.write(reinterpret_cast<char*>(_array_ts_g_e), 300*sizeof(_array_ts_g_e[0]));
        outfile__array_ts_g_e.close();
    } else
    {
        std::cout << "Error writing output file for _array_ts_g_e." << endl;
    }
    ofstream outfile__array_ts_g_i;
    outfile__array_ts_g_i.open(results_dir + "_array_ts_g_i_309015498", ios::binary | ios::out);
    if(outfile__array_ts_g_i.is_open())
    {
        outfile__array_ts_g_i.write(reinterpret_cast<char*>(_array_ts_g_i), 300*sizeof(_array_ts_g_i[0]));
        outfile__array_ts_g_i.close();
    } else
    {
        std::cout << "Error writing output file for _array_ts_g_i." << endl;
    }
    ofstream outfile__array_ts_i;
    outfile__array_ts_i.open(results_dir + "_array_ts_i_2395779097", ios::binary | ios::out);
    if(outfile__array_ts_i.is_open())
    {
        outfile__array_ts_i.write(reinterpret_cast<char*>(_array_ts_i), 300*sizeof(_array_ts_i[0]));
        outfile__array_ts_i.close();
    } else
    {
        std::cout << "Error writing output file for _array_ts_i." << endl;
    }
    ofstream outfile__array_ts_lastspike;
    outfile__array_ts_lastspike.open(results_dir + "_array_ts_lastspike_2082531177", ios::binary | ios::out);
    if(outfile__array_ts_lastspike.is_open())
    {
        outfile__array_ts_lastspike.write(reinterpret_cast<char*>(_array_ts_lastspike), 300*sizeof(_array_ts_lastspike[0]));
        outfile__array_ts_lastspike.close();
    } else
    {
        std::cout << "Error writing output file for _array_ts_lastspike." << endl;
    }
    ofstream outfile__array_ts_not_refractory;
    outfile__array_ts_not_refractory.open(results_dir + "_array_ts_not_refractory_2620670907", ios::binary | ios::out);
    if(outfile__array_ts_not_refractory.is_open())
    {
        outfile__array_ts_not_refractory.write(reinterpret_cast<char*>(_array_ts_not_refractory), 300*sizeof(_array_ts_not_refractory[0]));
        outfile__array_ts_not_refractory.close();
    } else
    {
        std::cout << "Error writing output file for _array_ts_not_refractory." << endl;
    }
    ofstream outfile__array_ts_spikes__source_idx;
    outfile__array_ts_spikes__source_idx.open(results_dir + "_array_ts_spikes__source_idx_1148314972", ios::binary | ios::out);
    if(outfile__array_ts_spikes__source_idx.is_open())
    {
        outfile__array_ts_spikes__source_idx.write(reinterpret_cast<char*>(_array_ts_spikes__source_idx), 300*sizeof(_array_ts_spikes__source_idx[0]));
        outfile__array_ts_spikes__source_idx.close();
    } else
    {
        std::cout << "Error writing output file for _array_ts_spikes__source_idx." << endl;
    }
    ofstream outfile__array_ts_spikes_count;
    outfile__array_ts_spikes_count.open(results_dir + "_array_ts_spikes_count_954838454", ios::binary | ios::out);
    if(outfile__array_ts_spikes_count.is_open())
    {
        outfile__array_ts_spikes_count.write(reinterpret_cast<char*>(_array_ts_spikes_count), 300*sizeof(_array_ts_spikes_count[0]));
        outfile__array_ts_spikes_count.close();
    } else
    {
        std::cout << "Error writing output file for _array_ts_spikes_count." << endl;
    }
    ofstream outfile__array_ts_spikes_N;
    outfile__array_ts_spikes_N.open(results_dir + "_array_ts_spikes_N_1652672758", ios::binary | ios::out);
    if(outfile__array_ts_spikes_N.is_open())
    {
        outfile__array_ts_spikes_N.write(reinterpret_cast<char*>(_array_ts_spikes_N), 1*sizeof(_array_ts_spikes_N[0]));
        outfile__array_ts_spikes_N.close();
    } else
    {
        std::cout << "Error writing output file for _array_ts_spikes_N." << endl;
    }
    ofstream outfile__array_ts_to_inh_clock_dt;
    outfile__array_ts_to_inh_clock_dt.open(results_dir + "_array_ts_to_inh_clock_dt_2991906645", ios::binary | ios::out);
    if(outfile__array_ts_to_inh_clock_dt.is_open())
    {
        outfile__array_ts_to_inh_clock_dt.write(reinterpret_cast<char*>(_array_ts_to_inh_clock_dt), 1*sizeof(_array_ts_to_inh_clock_dt[0]));
        outfile__array_ts_to_inh_clock_dt.close();
    } else
    {
        std::cout << "Error writing output file for _array_ts_to_inh_clock_dt." << endl;
    }
    ofstream outfile__array_ts_to_inh_clock_t;
    outfile__array_ts_to_inh_clock_t.open(results_dir + "_array_ts_to_inh_clock_t_4211678607", ios::binary | ios::out);
    if(outfile__array_ts_to_inh_clock_t.is_open())
    {
        outfile__array_ts_to_inh_clock_t.write(reinterpret_cast<char*>(_array_ts_to_inh_clock_t), 1*sizeof(_array_ts_to_inh_clock_t[0]));
        outfile__array_ts_to_inh_clock_t.close();
    } else
    {
        std::cout << "Error writing output file for _array_ts_to_inh_clock_t." << endl;
    }
    ofstream outfile__array_ts_to_inh_clock_timestep;
    outfile__array_ts_to_inh_clock_timestep.open(results_dir + "_array_ts_to_inh_clock_timestep_2573626200", ios::binary | ios::out);
    if(outfile__array_ts_to_inh_clock_timestep.is_open())
    {
        outfile__array_ts_to_inh_clock_timestep.write(reinterpret_cast<char*>(_array_ts_to_inh_clock_timestep), 1*sizeof(_array_ts_to_inh_clock_timestep[0]));
        outfile__array_ts_to_inh_clock_timestep.close();
    } else
    {
        std::cout << "Error writing output file for _array_ts_to_inh_clock_timestep." << endl;
    }
    ofstream outfile__array_ts_to_inh_N;
    outfile__array_ts_to_inh_N.open(results_dir + "_array_ts_to_inh_N_2520994184", ios::binary | ios::out);
    if(outfile__array_ts_to_inh_N.is_open())
    {
        outfile__array_ts_to_inh_N.write(reinterpret_cast<char*>(_array_ts_to_inh_N), 1*sizeof(_array_ts_to_inh_N[0]));
        outfile__array_ts_to_inh_N.close();
    } else
    {
        std::cout << "Error writing output file for _array_ts_to_inh_N." << endl;
    }
    ofstream outfile__array_ts_to_inh_sources;
    outfile__array_ts_to_inh_sources.open(results_dir + "_array_ts_to_inh_sources_1835554388", ios::binary | ios::out);
    if(outfile__array_ts_to_inh_sources.is_open())
    {
        outfile__array_ts_to_inh_sources.write(reinterpret_cast<char*>(_array_ts_to_inh_sources), 27*sizeof(_array_ts_to_inh_sources[0]));
        outfile__array_ts_to_inh_sources.close();
    } else
    {
        std::cout << "Error writing output file for _array_ts_to_inh_sources." << endl;
    }
    ofstream outfile__array_ts_to_inh_targets;
    outfile__array_ts_to_inh_targets.open(results_dir + "_array_ts_to_inh_targets_276180405", ios::binary | ios::out);
    if(outfile__array_ts_to_inh_targets.is_open())
    {
        outfile__array_ts_to_inh_targets.write(reinterpret_cast<char*>(_array_ts_to_inh_targets), 27*sizeof(_array_ts_to_inh_targets[0]));
        outfile__array_ts_to_inh_targets.close();
    } else
    {
        std::cout << "Error writing output file for _array_ts_to_inh_targets." << endl;
    }
    ofstream outfile__array_ts_v;
    outfile__array_ts_v.open(results_dir + "_array_ts_v_63225324", ios::binary | ios::out);
    if(outfile__array_ts_v.is_open())
    {
        outfile__array_ts_v.write(reinterpret_cast<char*>(_array_ts_v), 300*sizeof(_array_ts_v[0]));
        outfile__array_ts_v.close();
    } else
    {
        std::cout << "Error writing output file for _array_ts_v." << endl;
    }

    ofstream outfile__dynamic_array_inh_spikes_i;
    outfile__dynamic_array_inh_spikes_i.open(results_dir + "_dynamic_array_inh_spikes_i_1779312986", ios::binary | ios::out);
    if(outfile__dynamic_array_inh_spikes_i.is_open())
    {
        if (! _dynamic_array_inh_spikes_i.empty() )
        {
            outfile__dynamic_array_inh_spikes_i.write(reinterpret_cast<char*>(&_dynamic_array_inh_spikes_i[0]), _dynamic_array_inh_spikes_i.size()*sizeof(_dynamic_array_inh_spikes_i[0]));
            outfile__dynamic_array_inh_spikes_i.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_inh_spikes_i." << endl;
    }
    ofstream outfile__dynamic_array_inh_spikes_t;
    outfile__dynamic_array_inh_spikes_t.open(results_dir + "_dynamic_array_inh_spikes_t_151537027", ios::binary | ios::out);
    if(outfile__dynamic_array_inh_spikes_t.is_open())
    {
        if (! _dynamic_array_inh_spikes_t.empty() )
        {
            outfile__dynamic_array_inh_spikes_t.write(reinterpret_cast<char*>(&_dynamic_array_inh_spikes_t[0]), _dynamic_array_inh_spikes_t.size()*sizeof(_dynamic_array_inh_spikes_t[0]));
            outfile__dynamic_array_inh_spikes_t.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_inh_spikes_t." << endl;
    }
    ofstream outfile__dynamic_array_inh_to_mon__synaptic_post;
    outfile__dynamic_array_inh_to_mon__synaptic_post.open(results_dir + "_dynamic_array_inh_to_mon__synaptic_post_4213700834", ios::binary | ios::out);
    if(outfile__dynamic_array_inh_to_mon__synaptic_post.is_open())
    {
        if (! _dynamic_array_inh_to_mon__synaptic_post.empty() )
        {
            outfile__dynamic_array_inh_to_mon__synaptic_post.write(reinterpret_cast<char*>(&_dynamic_array_inh_to_mon__synaptic_post[0]), _dynamic_array_inh_to_mon__synaptic_post.size()*sizeof(_dynamic_array_inh_to_mon__synaptic_post[0]));
            outfile__dynamic_array_inh_to_mon__synaptic_post.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_inh_to_mon__synaptic_post." << endl;
    }
    ofstream outfile__dynamic_array_inh_to_mon__synaptic_pre;
    outfile__dynamic_array_inh_to_mon__synaptic_pre.open(results_dir + "_dynamic_array_inh_to_mon__synaptic_pre_4150668864", ios::binary | ios::out);
    if(outfile__dynamic_array_inh_to_mon__synaptic_pre.is_open())
    {
        if (! _dynamic_array_inh_to_mon__synaptic_pre.empty() )
        {
            outfile__dynamic_array_inh_to_mon__synaptic_pre.write(reinterpret_cast<char*>(&_dynamic_array_inh_to_mon__synaptic_pre[0]), _dynamic_array_inh_to_mon__synaptic_pre.size()*sizeof(_dynamic_array_inh_to_mon__synaptic_pre[0]));
            outfile__dynamic_array_inh_to_mon__synaptic_pre.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_inh_to_mon__synaptic_pre." << endl;
    }
    ofstream outfile__dynamic_array_inh_to_mon_delay;
    outfile__dynamic_array_inh_to_mon_delay.open(results_dir + "_dynamic_array_inh_to_mon_delay_2847816054", ios::binary | ios::out);
    if(outfile__dynamic_array_inh_to_mon_delay.is_open())
    {
        if (! _dynamic_array_inh_to_mon_delay.empty() )
        {
            outfile__dynamic_array_inh_to_mon_delay.write(reinterpret_cast<char*>(&_dynamic_array_inh_to_mon_delay[0]), _dynamic_array_inh_to_mon_delay.size()*sizeof(_dynamic_array_inh_to_mon_delay[0]));
            outfile__dynamic_array_inh_to_mon_delay.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_inh_to_mon_delay." << endl;
    }
    ofstream outfile__dynamic_array_inh_to_mon_N_incoming;
    outfile__dynamic_array_inh_to_mon_N_incoming.open(results_dir + "_dynamic_array_inh_to_mon_N_incoming_3482553081", ios::binary | ios::out);
    if(outfile__dynamic_array_inh_to_mon_N_incoming.is_open())
    {
        if (! _dynamic_array_inh_to_mon_N_incoming.empty() )
        {
            outfile__dynamic_array_inh_to_mon_N_incoming.write(reinterpret_cast<char*>(&_dynamic_array_inh_to_mon_N_incoming[0]), _dynamic_array_inh_to_mon_N_incoming.size()*sizeof(_dynamic_array_inh_to_mon_N_incoming[0]));
            outfile__dynamic_array_inh_to_mon_N_incoming.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_inh_to_mon_N_incoming." << endl;
    }
    ofstream outfile__dynamic_array_inh_to_mon_N_outgoing;
    outfile__dynamic_array_inh_to_mon_N_outgoing.open(results_dir + "_dynamic_array_inh_to_mon_N_outgoing_3901749795", ios::binary | ios::out);
    if(outfile__dynamic_array_inh_to_mon_N_outgoing.is_open())
    {
        if (! _dynamic_array_inh_to_mon_N_outgoing.empty() )
        {
            outfile__dynamic_array_inh_to_mon_N_outgoing.write(reinterpret_cast<char*>(&_dynamic_array_inh_to_mon_N_outgoing[0]), _dynamic_array_inh_to_mon_N_outgoing.size()*sizeof(_dynamic_array_inh_to_mon_N_outgoing[0]));
            outfile__dynamic_array_inh_to_mon_N_outgoing.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_inh_to_mon_N_outgoing." << endl;
    }
    ofstream outfile__dynamic_array_inh_to_mon_w;
    outfile__dynamic_array_inh_to_mon_w.open(results_dir + "_dynamic_array_inh_to_mon_w_762458192", ios::binary | ios::out);
    if(outfile__dynamic_array_inh_to_mon_w.is_open())
    {
        if (! _dynamic_array_inh_to_mon_w.empty() )
        {
            outfile__dynamic_array_inh_to_mon_w.write(reinterpret_cast<char*>(&_dynamic_array_inh_to_mon_w[0]), _dynamic_array_inh_to_mon_w.size()*sizeof(_dynamic_array_inh_to_mon_w[0]));
            outfile__dynamic_array_inh_to_mon_w.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_inh_to_mon_w." << endl;
    }
    ofstream outfile__dynamic_array_inh_to_ts__synaptic_post;
    outfile__dynamic_array_inh_to_ts__synaptic_post.open(results_dir + "_dynamic_array_inh_to_ts__synaptic_post_1625271700", ios::binary | ios::out);
    if(outfile__dynamic_array_inh_to_ts__synaptic_post.is_open())
    {
        if (! _dynamic_array_inh_to_ts__synaptic_post.empty() )
        {
            outfile__dynamic_array_inh_to_ts__synaptic_post.write(reinterpret_cast<char*>(&_dynamic_array_inh_to_ts__synaptic_post[0]), _dynamic_array_inh_to_ts__synaptic_post.size()*sizeof(_dynamic_array_inh_to_ts__synaptic_post[0]));
            outfile__dynamic_array_inh_to_ts__synaptic_post.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_inh_to_ts__synaptic_post." << endl;
    }
    ofstream outfile__dynamic_array_inh_to_ts__synaptic_pre;
    outfile__dynamic_array_inh_to_ts__synaptic_pre.open(results_dir + "_dynamic_array_inh_to_ts__synaptic_pre_1811015808", ios::binary | ios::out);
    if(outfile__dynamic_array_inh_to_ts__synaptic_pre.is_open())
    {
        if (! _dynamic_array_inh_to_ts__synaptic_pre.empty() )
        {
            outfile__dynamic_array_inh_to_ts__synaptic_pre.write(reinterpret_cast<char*>(&_dynamic_array_inh_to_ts__synaptic_pre[0]), _dynamic_array_inh_to_ts__synaptic_pre.size()*sizeof(_dynamic_array_inh_to_ts__synaptic_pre[0]));
            outfile__dynamic_array_inh_to_ts__synaptic_pre.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_inh_to_ts__synaptic_pre." << endl;
    }
    ofstream outfile__dynamic_array_inh_to_ts_delay;
    outfile__dynamic_array_inh_to_ts_delay.open(results_dir + "_dynamic_array_inh_to_ts_delay_3322900071", ios::binary | ios::out);
    if(outfile__dynamic_array_inh_to_ts_delay.is_open())
    {
        if (! _dynamic_array_inh_to_ts_delay.empty() )
        {
            outfile__dynamic_array_inh_to_ts_delay.write(reinterpret_cast<char*>(&_dynamic_array_inh_to_ts_delay[0]), _dynamic_array_inh_to_ts_delay.size()*sizeof(_dynamic_array_inh_to_ts_delay[0]));
            outfile__dynamic_array_inh_to_ts_delay.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_inh_to_ts_delay." << endl;
    }
    ofstream outfile__dynamic_array_inh_to_ts_N_incoming;
    outfile__dynamic_array_inh_to_ts_N_incoming.open(results_dir + "_dynamic_array_inh_to_ts_N_incoming_3794854047", ios::binary | ios::out);
    if(outfile__dynamic_array_inh_to_ts_N_incoming.is_open())
    {
        if (! _dynamic_array_inh_to_ts_N_incoming.empty() )
        {
            outfile__dynamic_array_inh_to_ts_N_incoming.write(reinterpret_cast<char*>(&_dynamic_array_inh_to_ts_N_incoming[0]), _dynamic_array_inh_to_ts_N_incoming.size()*sizeof(_dynamic_array_inh_to_ts_N_incoming[0]));
            outfile__dynamic_array_inh_to_ts_N_incoming.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_inh_to_ts_N_incoming." << endl;
    }
    ofstream outfile__dynamic_array_inh_to_ts_N_outgoing;
    outfile__dynamic_array_inh_to_ts_N_outgoing.open(results_dir + "_dynamic_array_inh_to_ts_N_outgoing_3308032069", ios::binary | ios::out);
    if(outfile__dynamic_array_inh_to_ts_N_outgoing.is_open())
    {
        if (! _dynamic_array_inh_to_ts_N_outgoing.empty() )
        {
            outfile__dynamic_array_inh_to_ts_N_outgoing.write(reinterpret_cast<char*>(&_dynamic_array_inh_to_ts_N_outgoing[0]), _dynamic_array_inh_to_ts_N_outgoing.size()*sizeof(_dynamic_array_inh_to_ts_N_outgoing[0]));
            outfile__dynamic_array_inh_to_ts_N_outgoing.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_inh_to_ts_N_outgoing." << endl;
    }
    ofstream outfile__dynamic_array_inh_to_ts_w;
    outfile__dynamic_array_inh_to_ts_w.open(results_dir + "_dynamic_array_inh_to_ts_w_3027255527", ios::binary | ios::out);
    if(outfile__dynamic_array_inh_to_ts_w.is_open())
    {
        if (! _dynamic_array_inh_to_ts_w.empty() )
        {
            outfile__dynamic_array_inh_to_ts_w.write(reinterpret_cast<char*>(&_dynamic_array_inh_to_ts_w[0]), _dynamic_array_inh_to_ts_w.size()*sizeof(_dynamic_array_inh_to_ts_w[0]));
            outfile__dynamic_array_inh_to_ts_w.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_inh_to_ts_w." << endl;
    }
    ofstream outfile__dynamic_array_lateral__synaptic_post;
    outfile__dynamic_array_lateral__synaptic_post.open(results_dir + "_dynamic_array_lateral__synaptic_post_1991464875", ios::binary | ios::out);
    if(outfile__dynamic_array_lateral__synaptic_post.is_open())
    {
        if (! _dynamic_array_lateral__synaptic_post.empty() )
        {
            outfile__dynamic_array_lateral__synaptic_post.write(reinterpret_cast<char*>(&_dynamic_array_lateral__synaptic_post[0]), _dynamic_array_lateral__synaptic_post.size()*sizeof(_dynamic_array_lateral__synaptic_post[0]));
            outfile__dynamic_array_lateral__synaptic_post.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_lateral__synaptic_post." << endl;
    }
    ofstream outfile__dynamic_array_lateral__synaptic_pre;
    outfile__dynamic_array_lateral__synaptic_pre.open(results_dir + "_dynamic_array_lateral__synaptic_pre_1808044639", ios::binary | ios::out);
    if(outfile__dynamic_array_lateral__synaptic_pre.is_open())
    {
        if (! _dynamic_array_lateral__synaptic_pre.empty() )
        {
            outfile__dynamic_array_lateral__synaptic_pre.write(reinterpret_cast<char*>(&_dynamic_array_lateral__synaptic_pre[0]), _dynamic_array_lateral__synaptic_pre.size()*sizeof(_dynamic_array_lateral__synaptic_pre[0]));
            outfile__dynamic_array_lateral__synaptic_pre.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_lateral__synaptic_pre." << endl;
    }
    ofstream outfile__dynamic_array_lateral_delay;
    outfile__dynamic_array_lateral_delay.open(results_dir + "_dynamic_array_lateral_delay_148260753", ios::binary | ios::out);
    if(outfile__dynamic_array_lateral_delay.is_open())
    {
        if (! _dynamic_array_lateral_delay.empty() )
        {
            outfile__dynamic_array_lateral_delay.write(reinterpret_cast<char*>(&_dynamic_array_lateral_delay[0]), _dynamic_array_lateral_delay.size()*sizeof(_dynamic_array_lateral_delay[0]));
            outfile__dynamic_array_lateral_delay.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_lateral_delay." << endl;
    }
    ofstream outfile__dynamic_array_lateral_N_incoming;
    outfile__dynamic_array_lateral_N_incoming.open(results_dir + "_dynamic_array_lateral_N_incoming_794775977", ios::binary | ios::out);
    if(outfile__dynamic_array_lateral_N_incoming.is_open())
    {
        if (! _dynamic_array_lateral_N_incoming.empty() )
        {
            outfile__dynamic_array_lateral_N_incoming.write(reinterpret_cast<char*>(&_dynamic_array_lateral_N_incoming[0]), _dynamic_array_lateral_N_incoming.size()*sizeof(_dynamic_array_lateral_N_incoming[0]));
            outfile__dynamic_array_lateral_N_incoming.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_lateral_N_incoming." << endl;
    }
    ofstream outfile__dynamic_array_lateral_N_outgoing;
    outfile__dynamic_array_lateral_N_outgoing.open(results_dir + "_dynamic_array_lateral_N_outgoing_138617203", ios::binary | ios::out);
    if(outfile__dynamic_array_lateral_N_outgoing.is_open())
    {
        if (! _dynamic_array_lateral_N_outgoing.empty() )
        {
            outfile__dynamic_array_lateral_N_outgoing.write(reinterpret_cast<char*>(&_dynamic_array_lateral_N_outgoing[0]), _dynamic_array_lateral_N_outgoing.size()*sizeof(_dynamic_array_lateral_N_outgoing[0]));
            outfile__dynamic_array_lateral_N_outgoing.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_lateral_N_outgoing." << endl;
    }
    ofstream outfile__dynamic_array_lateral_w;
    outfile__dynamic_array_lateral_w.open(results_dir + "_dynamic_array_lateral_w_2225021506", ios::binary | ios::out);
    if(outfile__dynamic_array_lateral_w.is_open())
    {
        if (! _dynamic_array_lateral_w.empty() )
        {
            outfile__dynamic_array_lateral_w.write(reinterpret_cast<char*>(&_dynamic_array_lateral_w[0]), _dynamic_array_lateral_w.size()*sizeof(_dynamic_array_lateral_w[0]));
            outfile__dynamic_array_lateral_w.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_lateral_w." << endl;
    }
    ofstream outfile__dynamic_array_ll__timebins;
    outfile__dynamic_array_ll__timebins.open(results_dir + "_dynamic_array_ll__timebins_1268101742", ios::binary | ios::out);
    if(outfile__dynamic_array_ll__timebins.is_open())
    {
        if (! _dynamic_array_ll__timebins.empty() )
        {
            outfile__dynamic_array_ll__timebins.write(reinterpret_cast<char*>(&_dynamic_array_ll__timebins[0]), _dynamic_array_ll__timebins.size()*sizeof(_dynamic_array_ll__timebins[0]));
            outfile__dynamic_array_ll__timebins.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_ll__timebins." << endl;
    }
    ofstream outfile__dynamic_array_ll_mon__synaptic_post;
    outfile__dynamic_array_ll_mon__synaptic_post.open(results_dir + "_dynamic_array_ll_mon__synaptic_post_3312404512", ios::binary | ios::out);
    if(outfile__dynamic_array_ll_mon__synaptic_post.is_open())
    {
        if (! _dynamic_array_ll_mon__synaptic_post.empty() )
        {
            outfile__dynamic_array_ll_mon__synaptic_post.write(reinterpret_cast<char*>(&_dynamic_array_ll_mon__synaptic_post[0]), _dynamic_array_ll_mon__synaptic_post.size()*sizeof(_dynamic_array_ll_mon__synaptic_post[0]));
            outfile__dynamic_array_ll_mon__synaptic_post.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_ll_mon__synaptic_post." << endl;
    }
    ofstream outfile__dynamic_array_ll_mon__synaptic_pre;
    outfile__dynamic_array_ll_mon__synaptic_pre.open(results_dir + "_dynamic_array_ll_mon__synaptic_pre_3517003687", ios::binary | ios::out);
    if(outfile__dynamic_array_ll_mon__synaptic_pre.is_open())
    {
        if (! _dynamic_array_ll_mon__synaptic_pre.empty() )
        {
            outfile__dynamic_array_ll_mon__synaptic_pre.write(reinterpret_cast<char*>(&_dynamic_array_ll_mon__synaptic_pre[0]), _dynamic_array_ll_mon__synaptic_pre.size()*sizeof(_dynamic_array_ll_mon__synaptic_pre[0]));
            outfile__dynamic_array_ll_mon__synaptic_pre.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_ll_mon__synaptic_pre." << endl;
    }
    ofstream outfile__dynamic_array_ll_mon_delay;
    outfile__dynamic_array_ll_mon_delay.open(results_dir + "_dynamic_array_ll_mon_delay_665307484", ios::binary | ios::out);
    if(outfile__dynamic_array_ll_mon_delay.is_open())
    {
        if (! _dynamic_array_ll_mon_delay.empty() )
        {
            outfile__dynamic_array_ll_mon_delay.write(reinterpret_cast<char*>(&_dynamic_array_ll_mon_delay[0]), _dynamic_array_ll_mon_delay.size()*sizeof(_dynamic_array_ll_mon_delay[0]));
            outfile__dynamic_array_ll_mon_delay.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_ll_mon_delay." << endl;
    }
    ofstream outfile__dynamic_array_ll_mon_delay_1;
    outfile__dynamic_array_ll_mon_delay_1.open(results_dir + "_dynamic_array_ll_mon_delay_1_3650231477", ios::binary | ios::out);
    if(outfile__dynamic_array_ll_mon_delay_1.is_open())
    {
        if (! _dynamic_array_ll_mon_delay_1.empty() )
        {
            outfile__dynamic_array_ll_mon_delay_1.write(reinterpret_cast<char*>(&_dynamic_array_ll_mon_delay_1[0]), _dynamic_array_ll_mon_delay_1.size()*sizeof(_dynamic_array_ll_mon_delay_1[0]));
            outfile__dynamic_array_ll_mon_delay_1.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_ll_mon_delay_1." << endl;
    }
    ofstream outfile__dynamic_array_ll_mon_lastupdate;
    outfile__dynamic_array_ll_mon_lastupdate.open(results_dir + "_dynamic_array_ll_mon_lastupdate_3992634399", ios::binary | ios::out);
    if(outfile__dynamic_array_ll_mon_lastupdate.is_open())
    {
        if (! _dynamic_array_ll_mon_lastupdate.empty() )
        {
            outfile__dynamic_array_ll_mon_lastupdate.write(reinterpret_cast<char*>(&_dynamic_array_ll_mon_lastupdate[0]), _dynamic_array_ll_mon_lastupdate.size()*sizeof(_dynamic_array_ll_mon_lastupdate[0]));
            outfile__dynamic_array_ll_mon_lastupdate.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_ll_mon_lastupdate." << endl;
    }
    ofstream outfile__dynamic_array_ll_mon_N_incoming;
    outfile__dynamic_array_ll_mon_N_incoming.open(results_dir + "_dynamic_array_ll_mon_N_incoming_1953728193", ios::binary | ios::out);
    if(outfile__dynamic_array_ll_mon_N_incoming.is_open())
    {
        if (! _dynamic_array_ll_mon_N_incoming.empty() )
        {
            outfile__dynamic_array_ll_mon_N_incoming.write(reinterpret_cast<char*>(&_dynamic_array_ll_mon_N_incoming[0]), _dynamic_array_ll_mon_N_incoming.size()*sizeof(_dynamic_array_ll_mon_N_incoming[0]));
            outfile__dynamic_array_ll_mon_N_incoming.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_ll_mon_N_incoming." << endl;
    }
    ofstream outfile__dynamic_array_ll_mon_N_outgoing;
    outfile__dynamic_array_ll_mon_N_outgoing.open(results_dir + "_dynamic_array_ll_mon_N_outgoing_1399846427", ios::binary | ios::out);
    if(outfile__dynamic_array_ll_mon_N_outgoing.is_open())
    {
        if (! _dynamic_array_ll_mon_N_outgoing.empty() )
        {
            outfile__dynamic_array_ll_mon_N_outgoing.write(reinterpret_cast<char*>(&_dynamic_array_ll_mon_N_outgoing[0]), _dynamic_array_ll_mon_N_outgoing.size()*sizeof(_dynamic_array_ll_mon_N_outgoing[0]));
            outfile__dynamic_array_ll_mon_N_outgoing.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_ll_mon_N_outgoing." << endl;
    }
    ofstream outfile__dynamic_array_ll_mon_w;
    outfile__dynamic_array_ll_mon_w.open(results_dir + "_dynamic_array_ll_mon_w_2050242051", ios::binary | ios::out);
    if(outfile__dynamic_array_ll_mon_w.is_open())
    {
        if (! _dynamic_array_ll_mon_w.empty() )
        {
            outfile__dynamic_array_ll_mon_w.write(reinterpret_cast<char*>(&_dynamic_array_ll_mon_w[0]), _dynamic_array_ll_mon_w.size()*sizeof(_dynamic_array_ll_mon_w[0]));
            outfile__dynamic_array_ll_mon_w.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_ll_mon_w." << endl;
    }
    ofstream outfile__dynamic_array_ll_mon_xpost;
    outfile__dynamic_array_ll_mon_xpost.open(results_dir + "_dynamic_array_ll_mon_xpost_3782452805", ios::binary | ios::out);
    if(outfile__dynamic_array_ll_mon_xpost.is_open())
    {
        if (! _dynamic_array_ll_mon_xpost.empty() )
        {
            outfile__dynamic_array_ll_mon_xpost.write(reinterpret_cast<char*>(&_dynamic_array_ll_mon_xpost[0]), _dynamic_array_ll_mon_xpost.size()*sizeof(_dynamic_array_ll_mon_xpost[0]));
            outfile__dynamic_array_ll_mon_xpost.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_ll_mon_xpost." << endl;
    }
    ofstream outfile__dynamic_array_ll_mon_xpre;
    outfile__dynamic_array_ll_mon_xpre.open(results_dir + "_dynamic_array_ll_mon_xpre_2045572180", ios::binary | ios::out);
    if(outfile__dynamic_array_ll_mon_xpre.is_open())
    {
        if (! _dynamic_array_ll_mon_xpre.empty() )
        {
            outfile__dynamic_array_ll_mon_xpre.write(reinterpret_cast<char*>(&_dynamic_array_ll_mon_xpre[0]), _dynamic_array_ll_mon_xpre.size()*sizeof(_dynamic_array_ll_mon_xpre[0]));
            outfile__dynamic_array_ll_mon_xpre.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_ll_mon_xpre." << endl;
    }
    ofstream outfile__dynamic_array_ll_neuron_index;
    outfile__dynamic_array_ll_neuron_index.open(results_dir + "_dynamic_array_ll_neuron_index_3625704810", ios::binary | ios::out);
    if(outfile__dynamic_array_ll_neuron_index.is_open())
    {
        if (! _dynamic_array_ll_neuron_index.empty() )
        {
            outfile__dynamic_array_ll_neuron_index.write(reinterpret_cast<char*>(&_dynamic_array_ll_neuron_index[0]), _dynamic_array_ll_neuron_index.size()*sizeof(_dynamic_array_ll_neuron_index[0]));
            outfile__dynamic_array_ll_neuron_index.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_ll_neuron_index." << endl;
    }
    ofstream outfile__dynamic_array_ll_spike_number;
    outfile__dynamic_array_ll_spike_number.open(results_dir + "_dynamic_array_ll_spike_number_2884889178", ios::binary | ios::out);
    if(outfile__dynamic_array_ll_spike_number.is_open())
    {
        if (! _dynamic_array_ll_spike_number.empty() )
        {
            outfile__dynamic_array_ll_spike_number.write(reinterpret_cast<char*>(&_dynamic_array_ll_spike_number[0]), _dynamic_array_ll_spike_number.size()*sizeof(_dynamic_array_ll_spike_number[0]));
            outfile__dynamic_array_ll_spike_number.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_ll_spike_number." << endl;
    }
    ofstream outfile__dynamic_array_ll_spike_time;
    outfile__dynamic_array_ll_spike_time.open(results_dir + "_dynamic_array_ll_spike_time_67829488", ios::binary | ios::out);
    if(outfile__dynamic_array_ll_spike_time.is_open())
    {
        if (! _dynamic_array_ll_spike_time.empty() )
        {
            outfile__dynamic_array_ll_spike_time.write(reinterpret_cast<char*>(&_dynamic_array_ll_spike_time[0]), _dynamic_array_ll_spike_time.size()*sizeof(_dynamic_array_ll_spike_time[0]));
            outfile__dynamic_array_ll_spike_time.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_ll_spike_time." << endl;
    }
    ofstream outfile__dynamic_array_mon_spikes_i;
    outfile__dynamic_array_mon_spikes_i.open(results_dir + "_dynamic_array_mon_spikes_i_2778250658", ios::binary | ios::out);
    if(outfile__dynamic_array_mon_spikes_i.is_open())
    {
        if (! _dynamic_array_mon_spikes_i.empty() )
        {
            outfile__dynamic_array_mon_spikes_i.write(reinterpret_cast<char*>(&_dynamic_array_mon_spikes_i[0]), _dynamic_array_mon_spikes_i.size()*sizeof(_dynamic_array_mon_spikes_i[0]));
            outfile__dynamic_array_mon_spikes_i.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_mon_spikes_i." << endl;
    }
    ofstream outfile__dynamic_array_mon_spikes_t;
    outfile__dynamic_array_mon_spikes_t.open(results_dir + "_dynamic_array_mon_spikes_t_3332297083", ios::binary | ios::out);
    if(outfile__dynamic_array_mon_spikes_t.is_open())
    {
        if (! _dynamic_array_mon_spikes_t.empty() )
        {
            outfile__dynamic_array_mon_spikes_t.write(reinterpret_cast<char*>(&_dynamic_array_mon_spikes_t[0]), _dynamic_array_mon_spikes_t.size()*sizeof(_dynamic_array_mon_spikes_t[0]));
            outfile__dynamic_array_mon_spikes_t.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_mon_spikes_t." << endl;
    }
    ofstream outfile__dynamic_array_mon_to_inh__synaptic_post;
    outfile__dynamic_array_mon_to_inh__synaptic_post.open(results_dir + "_dynamic_array_mon_to_inh__synaptic_post_3018510565", ios::binary | ios::out);
    if(outfile__dynamic_array_mon_to_inh__synaptic_post.is_open())
    {
        if (! _dynamic_array_mon_to_inh__synaptic_post.empty() )
        {
            outfile__dynamic_array_mon_to_inh__synaptic_post.write(reinterpret_cast<char*>(&_dynamic_array_mon_to_inh__synaptic_post[0]), _dynamic_array_mon_to_inh__synaptic_post.size()*sizeof(_dynamic_array_mon_to_inh__synaptic_post[0]));
            outfile__dynamic_array_mon_to_inh__synaptic_post.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_mon_to_inh__synaptic_post." << endl;
    }
    ofstream outfile__dynamic_array_mon_to_inh__synaptic_pre;
    outfile__dynamic_array_mon_to_inh__synaptic_pre.open(results_dir + "_dynamic_array_mon_to_inh__synaptic_pre_2289591015", ios::binary | ios::out);
    if(outfile__dynamic_array_mon_to_inh__synaptic_pre.is_open())
    {
        if (! _dynamic_array_mon_to_inh__synaptic_pre.empty() )
        {
            outfile__dynamic_array_mon_to_inh__synaptic_pre.write(reinterpret_cast<char*>(&_dynamic_array_mon_to_inh__synaptic_pre[0]), _dynamic_array_mon_to_inh__synaptic_pre.size()*sizeof(_dynamic_array_mon_to_inh__synaptic_pre[0]));
            outfile__dynamic_array_mon_to_inh__synaptic_pre.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_mon_to_inh__synaptic_pre." << endl;
    }
    ofstream outfile__dynamic_array_mon_to_inh_delay;
    outfile__dynamic_array_mon_to_inh_delay.open(results_dir + "_dynamic_array_mon_to_inh_delay_3458236679", ios::binary | ios::out);
    if(outfile__dynamic_array_mon_to_inh_delay.is_open())
    {
        if (! _dynamic_array_mon_to_inh_delay.empty() )
        {
            outfile__dynamic_array_mon_to_inh_delay.write(reinterpret_cast<char*>(&_dynamic_array_mon_to_inh_delay[0]), _dynamic_array_mon_to_inh_delay.size()*sizeof(_dynamic_array_mon_to_inh_delay[0]));
            outfile__dynamic_array_mon_to_inh_delay.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_mon_to_inh_delay." << endl;
    }
    ofstream outfile__dynamic_array_mon_to_inh_N_incoming;
    outfile__dynamic_array_mon_to_inh_N_incoming.open(results_dir + "_dynamic_array_mon_to_inh_N_incoming_248925545", ios::binary | ios::out);
    if(outfile__dynamic_array_mon_to_inh_N_incoming.is_open())
    {
        if (! _dynamic_array_mon_to_inh_N_incoming.empty() )
        {
            outfile__dynamic_array_mon_to_inh_N_incoming.write(reinterpret_cast<char*>(&_dynamic_array_mon_to_inh_N_incoming[0]), _dynamic_array_mon_to_inh_N_incoming.size()*sizeof(_dynamic_array_mon_to_inh_N_incoming[0]));
            outfile__dynamic_array_mon_to_inh_N_incoming.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_mon_to_inh_N_incoming." << endl;
    }
    ofstream outfile__dynamic_array_mon_to_inh_N_outgoing;
    outfile__dynamic_array_mon_to_inh_N_outgoing.open(results_dir + "_dynamic_array_mon_to_inh_N_outgoing_701119923", ios::binary | ios::out);
    if(outfile__dynamic_array_mon_to_inh_N_outgoing.is_open())
    {
        if (! _dynamic_array_mon_to_inh_N_outgoing.empty() )
        {
            outfile__dynamic_array_mon_to_inh_N_outgoing.write(reinterpret_cast<char*>(&_dynamic_array_mon_to_inh_N_outgoing[0]), _dynamic_array_mon_to_inh_N_outgoing.size()*sizeof(_dynamic_array_mon_to_inh_N_outgoing[0]));
            outfile__dynamic_array_mon_to_inh_N_outgoing.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_mon_to_inh_N_outgoing." << endl;
    }
    ofstream outfile__dynamic_array_mon_to_inh_w;
    outfile__dynamic_array_mon_to_inh_w.open(results_dir + "_dynamic_array_mon_to_inh_w_2874481087", ios::binary | ios::out);
    if(outfile__dynamic_array_mon_to_inh_w.is_open())
    {
        if (! _dynamic_array_mon_to_inh_w.empty() )
        {
            outfile__dynamic_array_mon_to_inh_w.write(reinterpret_cast<char*>(&_dynamic_array_mon_to_inh_w[0]), _dynamic_array_mon_to_inh_w.size()*sizeof(_dynamic_array_mon_to_inh_w[0]));
            outfile__dynamic_array_mon_to_inh_w.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_mon_to_inh_w." << endl;
    }
    ofstream outfile__dynamic_array_mon_ts__synaptic_post;
    outfile__dynamic_array_mon_ts__synaptic_post.open(results_dir + "_dynamic_array_mon_ts__synaptic_post_750728505", ios::binary | ios::out);
    if(outfile__dynamic_array_mon_ts__synaptic_post.is_open())
    {
        if (! _dynamic_array_mon_ts__synaptic_post.empty() )
        {
            outfile__dynamic_array_mon_ts__synaptic_post.write(reinterpret_cast<char*>(&_dynamic_array_mon_ts__synaptic_post[0]), _dynamic_array_mon_ts__synaptic_post.size()*sizeof(_dynamic_array_mon_ts__synaptic_post[0]));
            outfile__dynamic_array_mon_ts__synaptic_post.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_mon_ts__synaptic_post." << endl;
    }
    ofstream outfile__dynamic_array_mon_ts__synaptic_pre;
    outfile__dynamic_array_mon_ts__synaptic_pre.open(results_dir + "_dynamic_array_mon_ts__synaptic_pre_1652104097", ios::binary | ios::out);
    if(outfile__dynamic_array_mon_ts__synaptic_pre.is_open())
    {
        if (! _dynamic_array_mon_ts__synaptic_pre.empty() )
        {
            outfile__dynamic_array_mon_ts__synaptic_pre.write(reinterpret_cast<char*>(&_dynamic_array_mon_ts__synaptic_pre[0]), _dynamic_array_mon_ts__synaptic_pre.size()*sizeof(_dynamic_array_mon_ts__synaptic_pre[0]));
            outfile__dynamic_array_mon_ts__synaptic_pre.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_mon_ts__synaptic_pre." << endl;
    }
    ofstream outfile__dynamic_array_mon_ts_delay;
    outfile__dynamic_array_mon_ts_delay.open(results_dir + "_dynamic_array_mon_ts_delay_2244882963", ios::binary | ios::out);
    if(outfile__dynamic_array_mon_ts_delay.is_open())
    {
        if (! _dynamic_array_mon_ts_delay.empty() )
        {
            outfile__dynamic_array_mon_ts_delay.write(reinterpret_cast<char*>(&_dynamic_array_mon_ts_delay[0]), _dynamic_array_mon_ts_delay.size()*sizeof(_dynamic_array_mon_ts_delay[0]));
            outfile__dynamic_array_mon_ts_delay.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_mon_ts_delay." << endl;
    }
    ofstream outfile__dynamic_array_mon_ts_delay_1;
    outfile__dynamic_array_mon_ts_delay_1.open(results_dir + "_dynamic_array_mon_ts_delay_1_2216478338", ios::binary | ios::out);
    if(outfile__dynamic_array_mon_ts_delay_1.is_open())
    {
        if (! _dynamic_array_mon_ts_delay_1.empty() )
        {
            outfile__dynamic_array_mon_ts_delay_1.write(reinterpret_cast<char*>(&_dynamic_array_mon_ts_delay_1[0]), _dynamic_array_mon_ts_delay_1.size()*sizeof(_dynamic_array_mon_ts_delay_1[0]));
            outfile__dynamic_array_mon_ts_delay_1.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_mon_ts_delay_1." << endl;
    }
    ofstream outfile__dynamic_array_mon_ts_lastupdate;
    outfile__dynamic_array_mon_ts_lastupdate.open(results_dir + "_dynamic_array_mon_ts_lastupdate_3171529957", ios::binary | ios::out);
    if(outfile__dynamic_array_mon_ts_lastupdate.is_open())
    {
        if (! _dynamic_array_mon_ts_lastupdate.empty() )
        {
            outfile__dynamic_array_mon_ts_lastupdate.write(reinterpret_cast<char*>(&_dynamic_array_mon_ts_lastupdate[0]), _dynamic_array_mon_ts_lastupdate.size()*sizeof(_dynamic_array_mon_ts_lastupdate[0]));
            outfile__dynamic_array_mon_ts_lastupdate.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_mon_ts_lastupdate." << endl;
    }
    ofstream outfile__dynamic_array_mon_ts_N_incoming;
    outfile__dynamic_array_mon_ts_N_incoming.open(results_dir + "_dynamic_array_mon_ts_N_incoming_612431419", ios::binary | ios::out);
    if(outfile__dynamic_array_mon_ts_N_incoming.is_open())
    {
        if (! _dynamic_array_mon_ts_N_incoming.empty() )
        {
            outfile__dynamic_array_mon_ts_N_incoming.write(reinterpret_cast<char*>(&_dynamic_array_mon_ts_N_incoming[0]), _dynamic_array_mon_ts_N_incoming.size()*sizeof(_dynamic_array_mon_ts_N_incoming[0]));
            outfile__dynamic_array_mon_ts_N_incoming.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_mon_ts_N_incoming." << endl;
    }
    ofstream outfile__dynamic_array_mon_ts_N_outgoing;
    outfile__dynamic_array_mon_ts_N_outgoing.open(results_dir + "_dynamic_array_mon_ts_N_outgoing_60589793", ios::binary | ios::out);
    if(outfile__dynamic_array_mon_ts_N_outgoing.is_open())
    {
        if (! _dynamic_array_mon_ts_N_outgoing.empty() )
        {
            outfile__dynamic_array_mon_ts_N_outgoing.write(reinterpret_cast<char*>(&_dynamic_array_mon_ts_N_outgoing[0]), _dynamic_array_mon_ts_N_outgoing.size()*sizeof(_dynamic_array_mon_ts_N_outgoing[0]));
            outfile__dynamic_array_mon_ts_N_outgoing.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_mon_ts_N_outgoing." << endl;
    }
    ofstream outfile__dynamic_array_mon_ts_w;
    outfile__dynamic_array_mon_ts_w.open(results_dir + "_dynamic_array_mon_ts_w_5763923", ios::binary | ios::out);
    if(outfile__dynamic_array_mon_ts_w.is_open())
    {
        if (! _dynamic_array_mon_ts_w.empty() )
        {
            outfile__dynamic_array_mon_ts_w.write(reinterpret_cast<char*>(&_dynamic_array_mon_ts_w[0]), _dynamic_array_mon_ts_w.size()*sizeof(_dynamic_array_mon_ts_w[0]));
            outfile__dynamic_array_mon_ts_w.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_mon_ts_w." << endl;
    }
    ofstream outfile__dynamic_array_mon_ts_xpost;
    outfile__dynamic_array_mon_ts_xpost.open(results_dir + "_dynamic_array_mon_ts_xpost_1125801226", ios::binary | ios::out);
    if(outfile__dynamic_array_mon_ts_xpost.is_open())
    {
        if (! _dynamic_array_mon_ts_xpost.empty() )
        {
            outfile__dynamic_array_mon_ts_xpost.write(reinterpret_cast<char*>(&_dynamic_array_mon_ts_xpost[0]), _dynamic_array_mon_ts_xpost.size()*sizeof(_dynamic_array_mon_ts_xpost[0]));
            outfile__dynamic_array_mon_ts_xpost.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_mon_ts_xpost." << endl;
    }
    ofstream outfile__dynamic_array_mon_ts_xpre;
    outfile__dynamic_array_mon_ts_xpre.open(results_dir + "_dynamic_array_mon_ts_xpre_2003224951", ios::binary | ios::out);
    if(outfile__dynamic_array_mon_ts_xpre.is_open())
    {
        if (! _dynamic_array_mon_ts_xpre.empty() )
        {
            outfile__dynamic_array_mon_ts_xpre.write(reinterpret_cast<char*>(&_dynamic_array_mon_ts_xpre[0]), _dynamic_array_mon_ts_xpre.size()*sizeof(_dynamic_array_mon_ts_xpre[0]));
            outfile__dynamic_array_mon_ts_xpre.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_mon_ts_xpre." << endl;
    }
    ofstream outfile__dynamic_array_ts_spikes_i;
    outfile__dynamic_array_ts_spikes_i.open(results_dir + "_dynamic_array_ts_spikes_i_2211892640", ios::binary | ios::out);
    if(outfile__dynamic_array_ts_spikes_i.is_open())
    {
        if (! _dynamic_array_ts_spikes_i.empty() )
        {
            outfile__dynamic_array_ts_spikes_i.write(reinterpret_cast<char*>(&_dynamic_array_ts_spikes_i[0]), _dynamic_array_ts_spikes_i.size()*sizeof(_dynamic_array_ts_spikes_i[0]));
            outfile__dynamic_array_ts_spikes_i.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_ts_spikes_i." << endl;
    }
    ofstream outfile__dynamic_array_ts_spikes_t;
    outfile__dynamic_array_ts_spikes_t.open(results_dir + "_dynamic_array_ts_spikes_t_3771769209", ios::binary | ios::out);
    if(outfile__dynamic_array_ts_spikes_t.is_open())
    {
        if (! _dynamic_array_ts_spikes_t.empty() )
        {
            outfile__dynamic_array_ts_spikes_t.write(reinterpret_cast<char*>(&_dynamic_array_ts_spikes_t[0]), _dynamic_array_ts_spikes_t.size()*sizeof(_dynamic_array_ts_spikes_t[0]));
            outfile__dynamic_array_ts_spikes_t.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_ts_spikes_t." << endl;
    }
    ofstream outfile__dynamic_array_ts_to_inh__synaptic_post;
    outfile__dynamic_array_ts_to_inh__synaptic_post.open(results_dir + "_dynamic_array_ts_to_inh__synaptic_post_830580004", ios::binary | ios::out);
    if(outfile__dynamic_array_ts_to_inh__synaptic_post.is_open())
    {
        if (! _dynamic_array_ts_to_inh__synaptic_post.empty() )
        {
            outfile__dynamic_array_ts_to_inh__synaptic_post.write(reinterpret_cast<char*>(&_dynamic_array_ts_to_inh__synaptic_post[0]), _dynamic_array_ts_to_inh__synaptic_post.size()*sizeof(_dynamic_array_ts_to_inh__synaptic_post[0]));
            outfile__dynamic_array_ts_to_inh__synaptic_post.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_ts_to_inh__synaptic_post." << endl;
    }
    ofstream outfile__dynamic_array_ts_to_inh__synaptic_pre;
    outfile__dynamic_array_ts_to_inh__synaptic_pre.open(results_dir + "_dynamic_array_ts_to_inh__synaptic_pre_3958989489", ios::binary | ios::out);
    if(outfile__dynamic_array_ts_to_inh__synaptic_pre.is_open())
    {
        if (! _dynamic_array_ts_to_inh__synaptic_pre.empty() )
        {
            outfile__dynamic_array_ts_to_inh__synaptic_pre.write(reinterpret_cast<char*>(&_dynamic_array_ts_to_inh__synaptic_pre[0]), _dynamic_array_ts_to_inh__synaptic_pre.size()*sizeof(_dynamic_array_ts_to_inh__synaptic_pre[0]));
            outfile__dynamic_array_ts_to_inh__synaptic_pre.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_ts_to_inh__synaptic_pre." << endl;
    }
    ofstream outfile__dynamic_array_ts_to_inh_delay;
    outfile__dynamic_array_ts_to_inh_delay.open(results_dir + "_dynamic_array_ts_to_inh_delay_2351941290", ios::binary | ios::out);
    if(outfile__dynamic_array_ts_to_inh_delay.is_open())
    {
        if (! _dynamic_array_ts_to_inh_delay.empty() )
        {
            outfile__dynamic_array_ts_to_inh_delay.write(reinterpret_cast<char*>(&_dynamic_array_ts_to_inh_delay[0]), _dynamic_array_ts_to_inh_delay.size()*sizeof(_dynamic_array_ts_to_inh_delay[0]));
            outfile__dynamic_array_ts_to_inh_delay.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_ts_to_inh_delay." << endl;
    }
    ofstream outfile__dynamic_array_ts_to_inh_N_incoming;
    outfile__dynamic_array_ts_to_inh_N_incoming.open(results_dir + "_dynamic_array_ts_to_inh_N_incoming_1236343920", ios::binary | ios::out);
    if(outfile__dynamic_array_ts_to_inh_N_incoming.is_open())
    {
        if (! _dynamic_array_ts_to_inh_N_incoming.empty() )
        {
            outfile__dynamic_array_ts_to_inh_N_incoming.write(reinterpret_cast<char*>(&_dynamic_array_ts_to_inh_N_incoming[0]), _dynamic_array_ts_to_inh_N_incoming.size()*sizeof(_dynamic_array_ts_to_inh_N_incoming[0]));
            outfile__dynamic_array_ts_to_inh_N_incoming.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_ts_to_inh_N_incoming." << endl;
    }
    ofstream outfile__dynamic_array_ts_to_inh_N_outgoing;
    outfile__dynamic_array_ts_to_inh_N_outgoing.open(results_dir + "_dynamic_array_ts_to_inh_N_outgoing_1856859306", ios::binary | ios::out);
    if(outfile__dynamic_array_ts_to_inh_N_outgoing.is_open())
    {
        if (! _dynamic_array_ts_to_inh_N_outgoing.empty() )
        {
            outfile__dynamic_array_ts_to_inh_N_outgoing.write(reinterpret_cast<char*>(&_dynamic_array_ts_to_inh_N_outgoing[0]), _dynamic_array_ts_to_inh_N_outgoing.size()*sizeof(_dynamic_array_ts_to_inh_N_outgoing[0]));
            outfile__dynamic_array_ts_to_inh_N_outgoing.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_ts_to_inh_N_outgoing." << endl;
    }
    ofstream outfile__dynamic_array_ts_to_inh_w;
    outfile__dynamic_array_ts_to_inh_w.open(results_dir + "_dynamic_array_ts_to_inh_w_2367383997", ios::binary | ios::out);
    if(outfile__dynamic_array_ts_to_inh_w.is_open())
    {
        if (! _dynamic_array_ts_to_inh_w.empty() )
        {
            outfile__dynamic_array_ts_to_inh_w.write(reinterpret_cast<char*>(&_dynamic_array_ts_to_inh_w[0]), _dynamic_array_ts_to_inh_w.size()*sizeof(_dynamic_array_ts_to_inh_w[0]));
            outfile__dynamic_array_ts_to_inh_w.close();
        }
    } else
    {
        std::cout << "Error writing output file for _dynamic_array_ts_to_inh_w." << endl;
    }

    // Write last run info to disk
    ofstream outfile_last_run_info;
    outfile_last_run_info.open(results_dir + "last_run_info.txt", ios::out);
    if(outfile_last_run_info.is_open())
    {
        outfile_last_run_info << (Network::_last_run_time) << " " << (Network::_last_run_completed_fraction) << std::endl;
        outfile_last_run_info.close();
    } else
    {
        std::cout << "Error writing last run info to file." << std::endl;
    }
}

void _dealloc_arrays()
{
    using namespace brian;


    // static arrays
    if(_static_array__array_inh_to_mon_sources!=0)
    {
        delete [] _static_array__array_inh_to_mon_sources;
        _static_array__array_inh_to_mon_sources = 0;
    }
    if(_static_array__array_inh_to_mon_targets!=0)
    {
        delete [] _static_array__array_inh_to_mon_targets;
        _static_array__array_inh_to_mon_targets = 0;
    }
    if(_static_array__array_inh_to_ts_sources!=0)
    {
        delete [] _static_array__array_inh_to_ts_sources;
        _static_array__array_inh_to_ts_sources = 0;
    }
    if(_static_array__array_inh_to_ts_targets!=0)
    {
        delete [] _static_array__array_inh_to_ts_targets;
        _static_array__array_inh_to_ts_targets = 0;
    }
    if(_static_array__array_inh_v!=0)
    {
        delete [] _static_array__array_inh_v;
        _static_array__array_inh_v = 0;
    }
    if(_static_array__array_lateral_sources!=0)
    {
        delete [] _static_array__array_lateral_sources;
        _static_array__array_lateral_sources = 0;
    }
    if(_static_array__array_lateral_targets!=0)
    {
        delete [] _static_array__array_lateral_targets;
        _static_array__array_lateral_targets = 0;
    }
    if(_static_array__array_ll_mon_sources!=0)
    {
        delete [] _static_array__array_ll_mon_sources;
        _static_array__array_ll_mon_sources = 0;
    }
    if(_static_array__array_ll_mon_targets!=0)
    {
        delete [] _static_array__array_ll_mon_targets;
        _static_array__array_ll_mon_targets = 0;
    }
    if(_static_array__array_mon_to_inh_sources!=0)
    {
        delete [] _static_array__array_mon_to_inh_sources;
        _static_array__array_mon_to_inh_sources = 0;
    }
    if(_static_array__array_mon_to_inh_targets!=0)
    {
        delete [] _static_array__array_mon_to_inh_targets;
        _static_array__array_mon_to_inh_targets = 0;
    }
    if(_static_array__array_mon_ts_sources!=0)
    {
        delete [] _static_array__array_mon_ts_sources;
        _static_array__array_mon_ts_sources = 0;
    }
    if(_static_array__array_mon_ts_targets!=0)
    {
        delete [] _static_array__array_mon_ts_targets;
        _static_array__array_mon_ts_targets = 0;
    }
    if(_static_array__array_mon_v!=0)
    {
        delete [] _static_array__array_mon_v;
        _static_array__array_mon_v = 0;
    }
    if(_static_array__array_ts_to_inh_sources!=0)
    {
        delete [] _static_array__array_ts_to_inh_sources;
        _static_array__array_ts_to_inh_sources = 0;
    }
    if(_static_array__array_ts_to_inh_targets!=0)
    {
        delete [] _static_array__array_ts_to_inh_targets;
        _static_array__array_ts_to_inh_targets = 0;
    }
    if(_static_array__array_ts_v!=0)
    {
        delete [] _static_array__array_ts_v;
        _static_array__array_ts_v = 0;
    }
    if(_static_array__dynamic_array_lateral_w!=0)
    {
        delete [] _static_array__dynamic_array_lateral_w;
        _static_array__dynamic_array_lateral_w = 0;
    }
    if(_static_array__dynamic_array_ll__timebins!=0)
    {
        delete [] _static_array__dynamic_array_ll__timebins;
        _static_array__dynamic_array_ll__timebins = 0;
    }
    if(_static_array__dynamic_array_ll_mon_w!=0)
    {
        delete [] _static_array__dynamic_array_ll_mon_w;
        _static_array__dynamic_array_ll_mon_w = 0;
    }
    if(_static_array__dynamic_array_ll_neuron_index!=0)
    {
        delete [] _static_array__dynamic_array_ll_neuron_index;
        _static_array__dynamic_array_ll_neuron_index = 0;
    }
    if(_static_array__dynamic_array_ll_spike_number!=0)
    {
        delete [] _static_array__dynamic_array_ll_spike_number;
        _static_array__dynamic_array_ll_spike_number = 0;
    }
    if(_static_array__dynamic_array_ll_spike_time!=0)
    {
        delete [] _static_array__dynamic_array_ll_spike_time;
        _static_array__dynamic_array_ll_spike_time = 0;
    }
    if(_static_array__dynamic_array_mon_ts_w!=0)
    {
        delete [] _static_array__dynamic_array_mon_ts_w;
        _static_array__dynamic_array_mon_ts_w = 0;
    }
}

